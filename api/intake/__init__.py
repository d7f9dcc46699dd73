"""Taking over files: people, units, metrics, targets and past figures (Rule 34)."""
