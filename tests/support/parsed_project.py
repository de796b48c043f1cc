"""What dbt knows of the project once it has parsed it, handed from one data root to the next."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import msgpack

from wangjian.core.files import write_atomically


class ParsedProject:
    """Only the address of the data root differs from one root to the next.

    dbt itself compares each file of the project with what was parsed, and parses again what has changed.
    """

    def __init__(self, folder: Path, arguments: list[str], root: str) -> None:
        """What the runs of one project on one engine share.

        Args:
            folder: where what was parsed first is kept.
            arguments: of a run of dbt.
            root: the data root of that run.
        """
        places = dict(pairwise(arguments))
        self._of_root = Path(places["--target-path"]) / "partial_parse.msgpack"
        self._kept = folder / f"{places['--project-dir']} {places['--target']}".replace("/", "_")
        self._root = root

    def hand_over(self) -> None:
        """Give a data root that knows nothing what the first one knew."""
        if self._kept.exists() and not self._of_root.exists():
            first, known = msgpack.unpackb(self._kept.read_bytes())
            write_atomically(self._of_root, msgpack.packb(_with(known, first, self._root)))

    def keep(self) -> None:
        """Keep what the first data root knows."""
        if self._of_root.exists() and not self._kept.exists():
            known = msgpack.unpackb(self._of_root.read_bytes())
            # others may look meanwhile
            write_atomically(self._kept, msgpack.packb([self._root, known]))


def _with(known: Any, first: str, root: str) -> Any:
    if isinstance(known, str):
        return known.replace(first, root)
    if isinstance(known, list):
        return [_with(one, first, root) for one in known]
    if isinstance(known, dict):
        return {name: _with(one, first, root) for name, one in known.items()}
    return known
