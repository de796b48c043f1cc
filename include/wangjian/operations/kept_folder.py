"""A folder on another disk in which something is kept for good: an archive, a backup. It says itself what it is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar

from wangjian.core.errors import BadArguments
from wangjian.core.files import write_atomically
from wangjian.core.locks import exclusive_lock
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.store import Landing


class KeptFolder:
    """Such a folder. Bytes lie in it by their hash, as they do in landing.

    Args:
        root: the folder.
    """

    NAME: ClassVar[str]
    """What it is, as in "there is no …"."""
    NOTE: ClassVar[str]
    """The file in it that says what it is, for whoever finds it."""
    EXPLANATION: ClassVar[str]
    """What stands in that file."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.zone = Landing(self.root)

    def prepare(self, data: DataRoot) -> None:
        """Make the folder, private to its owner, unless it is there.

        Raises:
            BadArguments: it lies where the warehouse keeps its own files, or holds something else.
        """
        require_apart(self.root, data, self.NAME)
        note = self.root / self.NOTE
        # a hidden file may be what a killed run left
        if self.root.exists() and not note.exists() and any(path.name[0] != "." for path in self.root.iterdir()):
            raise BadArguments(
                f"the folder holds something else than {_a(self.NAME)}",
                folder=self.root,
                fix="choose an empty or new one",
            )
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not note.exists():
            write_atomically(note, self.EXPLANATION)

    def require(self) -> None:
        """Make sure that there is such a folder.

        Raises:
            BadArguments: there is none.
        """
        if not (self.root / self.NOTE).exists():
            raise BadArguments(
                f"there is no {self.NAME}",
                folder=self.root,
                fix=f"give the folder in which {self.NOTE} lies; mount its disk",
            )

    def lock(self, doing: str) -> AbstractContextManager[None]:
        """Only one process at a time writes to it, whatever data root it works for."""
        return exclusive_lock(self.root / ".lock", doing=doing, wait=False)


def require_apart(folder: Path, data: DataRoot, name: str) -> None:
    """Make sure that a folder lies outside of what the warehouse itself writes and clears.

    Args:
        folder: that is to hold something.
        data: the data root.
        name: what it is to hold.

    Raises:
        BadArguments: it does not.
    """
    own = [data.landing, data.raw, data.state, data.published, data.docs, data.scratch]
    inside = [place for place in own if folder.resolve().is_relative_to(place.resolve())]
    if inside or folder.resolve() == data.root.resolve():
        raise BadArguments(
            f"{_a(name)} must not lie among the warehouse's own files",
            folder=folder,
            data_root=data.root,
            fix="give a folder on another disk",
        )


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
