"""Copy dbt's parsed project from one data root to another, so that dbt parses it only once."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import msgpack

from wangjian.core.files import write_atomically


class ParsedProject:
    """The parsed project. Between two data roots it differs only in the root's path.

    dbt itself compares each file of the project with the parsed state, and parses changed files again.
    """

    def __init__(self, folder: Path, arguments: list[str], root: str) -> None:
        """Determine the paths of the parsed project.

        Args:
            folder: the folder of the stored copy.
            arguments: the arguments of a run of dbt.
            root: the data root of that run.
        """
        places = dict(pairwise(arguments))
        self._of_root = Path(places["--target-path"]) / "partial_parse.msgpack"
        self._kept = folder / f"{places['--project-dir']} {places['--target']}".replace("/", "_")
        self._root = root

    def hand_over(self) -> None:
        """Give the stored copy to a data root that has no parsed project."""
        if self._kept.exists() and not self._of_root.exists():
            first, known = msgpack.unpackb(self._kept.read_bytes())
            write_atomically(self._of_root, msgpack.packb(_with(known, first, self._root)))

    def keep(self) -> None:
        """Store the parsed project of the first data root."""
        if self._of_root.exists() and not self._kept.exists():
            known = msgpack.unpackb(self._of_root.read_bytes())
            # atomically, because other runs may read the copy meanwhile
            write_atomically(self._kept, msgpack.packb([self._root, known]))


def _with(known: Any, first: str, root: str) -> Any:
    if isinstance(known, str):
        return known.replace(first, root)
    if isinstance(known, list):
        return [_with(one, first, root) for one in known]
    if isinstance(known, dict):
        return {name: _with(one, first, root) for name, one in known.items()}
    return known
