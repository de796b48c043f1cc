"""The hand-made world of what reports on it."""

from support.reporting import MORNING, data

__all__ = ["MORNING", "data"]
