"""The command line, the demonstration, and what keeps the parts running."""
