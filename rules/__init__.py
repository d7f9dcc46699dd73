"""The arithmetic of the business: pure and exact."""
