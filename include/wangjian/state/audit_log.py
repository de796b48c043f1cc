"""Who opened personal data in clear, and what left the house: a chain of records (`state/audit_log.jsonl`).

Each record names the hash of the line before it, so none can be changed, removed or moved without the next ones showing it.
The head (the number and hash of the last one) stands beside the log and can be told outside: who rewrites the whole chain
cannot rewrite that. Why so: docs/decisions/audit-log.md.
"""

from __future__ import annotations

import getpass
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from wangjian.core.clock import now
from wangjian.core.errors import BadArguments
from wangjian.core.files import sha256_of, write_atomically
from wangjian.core.locks import audit_log_lock
from wangjian.core.paths import DataRoot
from wangjian.state import jsonl

Action = Literal[
    "EXPORTED",
    "OPENED_CLEAR",
    "MIRRORED",
    "KEY_ROTATED",
    "KEY_COPIED",
    "ERASURE_REQUESTED",
    "ERASED",
    "CARRIED_OVER",
]
NOTHING_BEFORE = "0" * 64
"""What the first record names as the hash of the one before."""


class Access(BaseModel):
    """What somebody did with data.

    Attributes:
        action: `EXPORTED` and `MIRRORED` as published, hence masked; `OPENED_CLEAR` with personal data as it came;
            `KEY_ROTATED` a new key for hashes; `KEY_COPIED` its backup, apart from the data; `ERASURE_REQUESTED` and `ERASED` for landing;
            `CARRIED_OVER` a record kept before there was a chain.
        person: the account that ran the command.
        purpose: why, in the words of the person; null where the values were masked and nobody asked.
        selection: which rows, by filter.
        sha256: of the file that was written; null where it went elsewhere.
    """

    model_config = ConfigDict(frozen=True)

    action: Action
    person: str = Field(default_factory=getpass.getuser)
    purpose: str | None = None
    table_name: str
    selection: dict[str, str] = Field(default_factory=dict)
    row_count: int
    file_name: str | None = None
    sha256: str | None = None


class AuditRecord(Access):
    """A link of the chain.

    Attributes:
        seq: from 1, without a gap.
        previous: SHA-256 of the line of the record before, without its line break.
    """

    seq: int
    at: AwareDatetime = Field(default_factory=now)
    previous: str


class Head(BaseModel):
    """The end of the chain: how many records there are, and the hash of the last line."""

    model_config = ConfigDict(frozen=True)

    seq: int
    sha256: str

    def __str__(self) -> str:
        # in groups that no rule of masking takes for a number of somebody, on its way through messages
        return f"{self.seq}:{'.'.join(re.findall('.{8}', self.sha256))}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a head as it was told.

        Raises:
            BadArguments: it is none.
        """
        found = re.fullmatch(r"(\d+):([0-9a-f]{64})", text.strip().replace(".", ""))
        if not found:
            raise BadArguments(
                "not the head of an audit log", head=text, fix="give it as `wangjian audit head` told it"
            )
        return cls(seq=int(found[1]), sha256=found[2])


EMPTY = Head(seq=0, sha256=NOTHING_BEFORE)


@dataclass(frozen=True)
class Line:
    """A line of the log as it lies there: its number, its bytes' hash, and its record, or null where it is torn."""

    number: int
    sha256: str
    record: AuditRecord | None

    @classmethod
    def of(cls, number: int, line: bytes) -> Self:
        try:
            record = AuditRecord.model_validate_json(line)
        except ValidationError:
            record = None
        return cls(number, hashlib.sha256(line).hexdigest(), record)


def log_file(data: DataRoot) -> Path:
    """Where the chain lies."""
    return data.state / "audit_log.jsonl"


def head_file(data: DataRoot) -> Path:
    """Where the head of the chain lies: written after each record, so a crash leaves it one behind."""
    return data.state / "audit_head.json"


def record_access(data: DataRoot, access: Access) -> AuditRecord:
    """Add a record to the chain, durable. Several processes may do so at once.

    Args:
        data: the data root.
        access: what was done, or is about to be done.

    Returns:
        The record.

    Raises:
        WangjianError: the disk took only part of it; what was to be recorded must not happen.
    """
    with audit_log_lock(data, "write into the audit log"):
        if _end(data) == EMPTY and (before := _kept_before(data)):
            _add(data, before)
        return _add(data, access)


def _add(data: DataRoot, access: Access) -> AuditRecord:
    before = _end(data)
    record = AuditRecord(**access.model_dump(), seq=before.seq + 1, previous=before.sha256)
    jsonl.append(log_file(data), [record])
    write_atomically(head_file(data), last_head(data).model_dump_json(), mode=0o600)
    return record


def _end(data: DataRoot) -> Head:
    """What the next record names: where the log is not as it was left, what was kept, so that the harm stays to be seen."""
    found, kept = last_head(data), kept_head(data)
    return kept if kept and kept.seq >= found.seq else found


def kept_head(data: DataRoot) -> Head | None:
    """The head that stands beside the log; null where there is none, or what stands there is none."""
    try:
        return Head.model_validate_json(head_file(data).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _kept_before(data: DataRoot) -> Access | None:
    """The record of exports that was no chain: its bytes as they are become part of it."""
    path = data.state / "exports.jsonl"
    if not path.exists():
        return None
    count = sum(1 for _ in jsonl.read(path))
    return Access(
        action="CARRIED_OVER", table_name="state", row_count=count, file_name=path.name, sha256=sha256_of(path)
    )


def records(data: DataRoot) -> list[AuditRecord]:
    """All records, oldest first; whether they are whole is `verify_audit_log`'s to say."""
    return [line.record for line in lines(data) if line.record]


def lines(data: DataRoot) -> list[Line]:
    """All lines that are not blank, torn ones too."""
    return [Line.of(number, line) for number, line in enumerate(_bytes(data), start=1) if line.strip()]


def last_head(data: DataRoot) -> Head:
    """The head as the log itself says; `EMPTY` where it has no record."""
    # from the end, and by the bytes that lie there: a record of an older version has other fields
    for line in reversed(_bytes(data)):
        found = Line.of(0, line)
        if found.record:
            return Head(seq=found.record.seq, sha256=found.sha256)
    return EMPTY


def _bytes(data: DataRoot) -> list[bytes]:
    return log_file(data).read_bytes().split(b"\n") if log_file(data).exists() else []
