"""Duties towards the persons whose data are processed: the register of processing."""
