"""What is stored and what travels: tables, frozen messages, and the terms of the field."""
