"""Fetch exports into the landing zone; each connector has a module of its own."""
