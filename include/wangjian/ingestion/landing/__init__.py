"""The landing zone: files exactly as received, kept for ever."""
