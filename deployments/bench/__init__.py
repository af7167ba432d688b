"""Benchmarks that a user can repeat: numbers as JSON, from a seed."""
