"""Describe the source systems: when and how each is fetched (registry), and what it delivers (contracts, provider layouts)."""
