"""Keep libraries from importing optional modules whose features are not used here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder


class _Absent(MetaPathFinder):
    """Raises for some modules before any other finder is asked, as if they were not installed."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname in self._names:
            raise ModuleNotFoundError(f"{fullname} is not used here", name=fullname)


def skip_unused_imports(*names: str) -> None:
    """Make the import of optional modules fail from now on; modules that are imported already stay.

    Args:
        names: the modules.
    """
    # not with a `None` in `sys.modules`: compiled libraries take that value for the module itself
    sys.meta_path.insert(0, _Absent(names))
