"""The errors of this package: each says what happened, where, and what the reader can do."""

from __future__ import annotations

import copyreg
from collections.abc import Sequence

from wangjian.core.printable import printable


class WangjianError(Exception):
    """Base class of every error that is written for a user.

    Args:
        what: what happened, one sentence.
        where: what locates the error, by name: file, row, field, source, date.
        fix: what the reader can do about it.
    """

    exit_code = 1
    """The exit code of the command line, by which scripts tell kinds of failure apart (docs/reference/cli.md)."""

    def __init__(self, what: str, *, fix: str = "", **where: object) -> None:
        self.what = printable(what)
        self.fix = printable(fix)
        self.where = {name: printable(str(value)) for name, value in where.items() if value is not None}
        super().__init__(str(self))

    def __reduce__(self) -> tuple[object, ...]:
        """Return how to rebuild the error in another process.

        The usual way calls `__init__` with `args`, but those are only the message. Parsing in parallel would fail to pass on its errors.
        """
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    def __str__(self) -> str:
        place = ", ".join(f"{name}={value}" for name, value in self.where.items())
        parts = [self.what, f"[{place}]" if place else "", f"→ {self.fix}" if self.fix else ""]
        return " ".join(part for part in parts if part)


class BadArguments(WangjianError):
    """An argument or the configuration is wrong; nothing was done."""

    exit_code = 2


class ChecksFailed(WangjianError):
    """A critical check failed; the previous publication stays visible."""

    exit_code = 3


class AwaitingApproval(WangjianError):
    """A person must approve the build before it is published; until then the previous publication stays visible."""

    exit_code = 3


class SourceError(WangjianError):
    """A source could not be read. Files that were landed before stay."""


class SourceUnavailable(SourceError):
    """The source is down, slow or broken: try again later."""


class NotReady(SourceUnavailable):
    """The source has not generated the export of that date yet: wait."""


class SourceRefused(SourceError):
    """The source refused access (login, host key, permission): a retry is useless, a person must look."""


class BadDelivery(SourceError):
    """The source sent something that breaks its contract so badly that it cannot be landed."""


class RejectedFile(WangjianError):
    """A landed file is rejected as a whole. `code` is its reason in the catalogue of reason codes."""

    def __init__(self, code: str, what: str, *, fix: str = "", **where: object) -> None:
        self.code = code
        super().__init__(what, fix=fix, **where)


class ArchiveUnavailable(WangjianError):
    """A file is needed that was moved into an archive, and the archive cannot be read."""

    def and_more(self, others: Sequence[ArchiveUnavailable]) -> ArchiveUnavailable:
        """Return this error; where there are others, its message gives their number."""
        if not others:
            return self
        return ArchiveUnavailable(f"{self.what}; {len(others)} more such failures", fix=self.fix, **self.where)


class ArchiveDamaged(WangjianError):
    """The content of an archive differs from its manifests."""


class BackupDamaged(WangjianError):
    """The content of a backup differs from its list, or a file that was to be backed up has changed."""


class Busy(WangjianError):
    """Another process holds the lock that this step needs."""
