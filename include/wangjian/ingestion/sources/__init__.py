"""The source systems: what they are (registry), what they hand over (contracts), how to fetch it (connectors)."""
