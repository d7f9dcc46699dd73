"""JSON and pages over workflows and the database."""
