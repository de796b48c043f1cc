"""A folder on another disk that holds an archive or backups. A text file in it explains its content to a person."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar

from wangjian.core.errors import BadArguments
from wangjian.core.files import write_atomically
from wangjian.core.locks import exclusive_lock
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.store import Landing


class OffsiteFolder:
    """A folder outside the data root, with bytes stored under their hash as in landing.

    Args:
        root: the path of the folder.
    """

    NAME: ClassVar[str]
    """The noun for the folder in messages, as in "there is no …"."""
    NOTE: ClassVar[str]
    """The name of the file that explains the folder to a person who finds it."""
    EXPLANATION: ClassVar[str]
    """The text of that file."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.zone = Landing(self.root)

    def prepare(self, data: DataRoot) -> None:
        """Create the folder, private to its owner, unless it exists.

        Args:
            data: the data root, which must not contain the folder.

        Raises:
            BadArguments: the folder is among the warehouse's own files, or holds something else.
        """
        require_apart(self.root, data, self.NAME)
        note = self.root / self.NOTE
        # Hidden files do not count: a killed run may have left its temporary files before the note was written.
        if self.root.exists() and not note.exists() and any(path.name[0] != "." for path in self.root.iterdir()):
            raise BadArguments(
                f"the folder holds something else than {_a(self.NAME)}",
                folder=self.root,
                fix="choose an empty or a new folder",
            )
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not note.exists():
            write_atomically(note, self.EXPLANATION)

    def require(self) -> None:
        """Check that the folder exists and has its note.

        Raises:
            BadArguments: it does not; its disk may not be mounted.
        """
        if not (self.root / self.NOTE).exists():
            raise BadArguments(
                f"there is no {self.NAME}",
                folder=self.root,
                fix=f"give the folder that contains {self.NOTE}, and check that its disk is mounted",
            )

    def lock(self, doing: str) -> AbstractContextManager[None]:
        """Return the lock of the folder, for one writing process at a time.

        Args:
            doing: what this process does, for the message that another process shows.
        """
        # The lock file is in the folder, not in a data root: two installations may write to the same folder.
        return exclusive_lock(self.root / ".lock", doing=doing, wait=False)


def require_apart(folder: Path, data: DataRoot, name: str) -> None:
    """Check that a folder is outside the folders that the warehouse itself writes and clears.

    Args:
        folder: the folder to check.
        data: the data root.
        name: the noun for its content, for the message.

    Raises:
        BadArguments: the folder is among the warehouse's own files.
    """
    own = [data.landing, data.raw, data.state, data.published, data.docs, data.scratch]
    # Resolved: a link into the data root is as dangerous as the folder itself.
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
