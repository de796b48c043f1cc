"""The hand-made warehouse of the tests of reports."""

from support.reporting import MORNING, data

__all__ = ["MORNING", "data"]
