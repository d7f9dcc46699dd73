"""Sample companies, made by code from a seed: for the demonstration, for tests and for benchmarks."""
