"""Modules that libraries import where they find them, for features that nobody uses here."""

from __future__ import annotations

import sys


def spare(*names: str) -> None:
    """Let libraries do without modules that they can do without, unless these are imported already.

    Args:
        names: modules whose import is to fail from now on, as if they were not installed.
    """
    for name in names:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
