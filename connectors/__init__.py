"""Where figures come from: one file a source."""
