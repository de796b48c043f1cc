"""The landing zone: bytes as received, kept for good."""
