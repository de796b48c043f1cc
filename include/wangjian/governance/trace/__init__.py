"""Trace a published row back to the landed files and row numbers that it came from."""

from wangjian.governance.trace.find import Place, Trace, trace

__all__ = ["Place", "Trace", "trace"]
