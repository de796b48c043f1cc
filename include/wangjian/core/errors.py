"""Errors that say what happened, where, and what to do about it."""

from __future__ import annotations

import copyreg
from collections.abc import Sequence

from wangjian.core.printable import printable


class WangjianError(Exception):
    """Base of every error that a user is meant to read.

    Args:
        what: what happened, one sentence.
        where: file, row, field, source, date: whatever locates it, by name.
        fix: what the reader can do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, fix: str = "", **where: object) -> None:
        self.what = printable(what)
        self.fix = printable(fix)
        self.where = {name: printable(str(value)) for name, value in where.items() if value is not None}
        super().__init__(str(self))

    def __reduce__(self) -> tuple[object, ...]:
        """So that one of another process can be read here: the arguments of `__init__` are not kept."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    def __str__(self) -> str:
        place = ", ".join(f"{name}={value}" for name, value in self.where.items())
        parts = [self.what, f"[{place}]" if place else "", f"→ {self.fix}" if self.fix else ""]
        return " ".join(part for part in parts if part)


class BadArguments(WangjianError):
    """The command or the configuration was used wrongly; nothing was done."""

    exit_code = 2


class ChecksFailed(WangjianError):
    """A critical check failed; the previous publication stays in place."""

    exit_code = 3


class AwaitingApproval(WangjianError):
    """What was built may be published once a person has approved it; readers see what they saw."""

    exit_code = 3


class SourceError(WangjianError):
    """A source could not be read. What was landed before stays."""


class SourceUnavailable(SourceError):
    """The source is down, slow or broken: worth another try later."""


class NotReady(SourceUnavailable):
    """The export of that date has not been generated yet: wait."""


class SourceRefused(SourceError):
    """The source refused us (login, host key, permission): a person must look."""


class BadDelivery(SourceError):
    """The source sent something that breaks its contract so far that it cannot be landed as data."""


class RejectedFile(WangjianError):
    """A landed file is rejected as a whole. `code` is its reason in the catalogue of reason codes."""

    def __init__(self, code: str, what: str, *, fix: str = "", **where: object) -> None:
        self.code = code
        super().__init__(what, fix=fix, **where)


class ArchiveUnavailable(WangjianError):
    """Bytes are needed that were moved into an archive, and the archive is not there to read from."""

    def and_more(self, others: Sequence[ArchiveUnavailable]) -> ArchiveUnavailable:
        """This error, or one that tells how many others there are beside it."""
        if not others:
            return self
        return ArchiveUnavailable(f"{self.what}; {len(others)} more such failures", fix=self.fix, **self.where)


class ArchiveDamaged(WangjianError):
    """An archive does not hold what its manifests say."""


class BackupDamaged(WangjianError):
    """A backup does not hold what it says, or what was to be backed up is not what it was."""


class Busy(WangjianError):
    """Another process holds the lock that this step needs."""
