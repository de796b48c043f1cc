"""Duties towards the persons whose data the warehouse processes: the register of processing."""
