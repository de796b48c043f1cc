"""Modules that libraries import where they find them, for features that nobody uses here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder


class _Absent(MetaPathFinder):
    """Finds nothing of some modules, and keeps others from looking: as if they were not installed."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname in self._names:
            raise ModuleNotFoundError(f"{fullname} is not used here", name=fullname)


def skip_unused_imports(*names: str) -> None:
    """Let libraries do without modules that they can do without, unless these are imported already.

    Args:
        names: modules whose import is to fail from now on, as if they were not installed.
    """
    # not by a `None` in `sys.modules`: what is compiled takes that for the module
    sys.meta_path.insert(0, _Absent(names))
