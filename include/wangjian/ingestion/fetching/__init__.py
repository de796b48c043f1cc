"""Fetching exports into the landing zone: one module per connector."""
