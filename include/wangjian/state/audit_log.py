"""Record who read unmasked personal data and what was exported: a chain of records (`state/audit_log.jsonl`).

Each record holds the hash of the line before it, so that a record that was changed, removed or moved shows in the next one.
The head (number and hash of the last record) is stored next to the log and can be sent outside: a person who rewrites the
whole chain cannot rewrite that copy. Reasons: docs/decisions/audit-log.md.
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
"""The hash that the first record holds, since no record comes before it."""


class Access(BaseModel):
    """One use of data by a person.

    Attributes:
        action: `EXPORTED` and `MIRRORED`: published data, which is masked; `OPENED_CLEAR`: unmasked personal data;
            `KEY_ROTATED`: a new key for hashes; `KEY_COPIED`: a backup of the key, apart from the data; `ERASURE_REQUESTED` and `ERASED`:
            erasure from landing; `CARRIED_OVER`: the file of records from before the chain existed.
        person: the account that ran the command.
        purpose: the reason that the person gave; null where the values were masked and no reason is asked for.
        selection: the filters that chose the rows, by name.
        sha256: the hash of the file that was written; null where no file was.
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
    """One record of the chain.

    Attributes:
        seq: the number of the record, from 1 without gaps.
        previous: SHA-256 of the previous record's line, without its line break.
    """

    seq: int
    at: AwareDatetime = Field(default_factory=now)
    previous: str


class Head(BaseModel):
    """The end of the chain: the number of records, and the hash of the last line."""

    model_config = ConfigDict(frozen=True)

    seq: int
    sha256: str

    def __str__(self) -> str:
        # in groups of eight: masking would take a long run of digits in a message for a phone, card or ID number
        return f"{self.seq}:{'.'.join(re.findall('.{8}', self.sha256))}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return a head from its text.

        Raises:
            BadArguments: the text is not a head.
        """
        match = re.fullmatch(r"(\d+):([0-9a-f]{64})", text.strip().replace(".", ""))
        if not match:
            raise BadArguments(
                "not the head of an audit log", head=text, fix="give it exactly as `wangjian audit head` printed it"
            )
        return cls(seq=int(match[1]), sha256=match[2])


EMPTY = Head(seq=0, sha256=NOTHING_BEFORE)


@dataclass(frozen=True)
class Line:
    """A line of the log: its number, the hash of its bytes, and its record; the record is null where the line is torn."""

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
    """Return the path of the chain."""
    return data.state / "audit_log.jsonl"


def head_file(data: DataRoot) -> Path:
    """Return the path of the stored head. It is written after each record, so a crash can leave it one record behind."""
    return data.state / "audit_head.json"


def record_access(data: DataRoot, access: Access) -> AuditRecord:
    """Append a record to the chain, synced to disk. Several processes may do so at the same time.

    Args:
        data: the data root.
        access: what was done, or is about to be done.

    Returns:
        The record.

    Raises:
        WangjianError: the disk took only part of the record; then the caller must not do what could not be recorded.
    """
    with audit_log_lock(data, "write into the audit log"):
        # the first record vouches for the older file: later changes to it show
        if _end(data) == EMPTY and (before := _kept_before(data)):
            _add(data, before)
        return _add(data, access)


def _add(data: DataRoot, access: Access) -> AuditRecord:
    before = _end(data)
    record = AuditRecord(**access.model_dump(), seq=before.seq + 1, previous=before.sha256)
    # the record before the head: a crash in between leaves the head one behind, which is no fault. In the other order the
    # verification would report a missing record
    jsonl.append(log_file(data), [record])
    write_atomically(head_file(data), last_head(data).model_dump_json(), mode=0o600)
    return record


def _end(data: DataRoot) -> Head:
    """Return the head that the next record follows.

    Where the log's end differs from the stored head, the stored head counts. Otherwise new records would close a gap that somebody made.
    """
    present, kept = last_head(data), kept_head(data)
    return kept if kept and kept.seq >= present.seq else present


def kept_head(data: DataRoot) -> Head | None:
    """Return the head that is stored next to the log; null where the file is missing or not valid."""
    try:
        return Head.model_validate_json(head_file(data).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _kept_before(data: DataRoot) -> Access | None:
    """Return a record with the hash of `exports.jsonl`, which older versions wrote without a chain; null without one."""
    path = data.state / "exports.jsonl"
    if not path.exists():
        return None
    count = sum(1 for _ in jsonl.read(path))
    return Access(
        action="CARRIED_OVER", table_name="state", row_count=count, file_name=path.name, sha256=sha256_of(path)
    )


def records(data: DataRoot) -> list[AuditRecord]:
    """Return all records, oldest first, without verifying the chain (see `verify_audit_log`)."""
    return [line.record for line in lines(data) if line.record]


def lines(data: DataRoot) -> list[Line]:
    """Return all lines that are not blank, torn lines included."""
    return [Line.of(number, line) for number, line in enumerate(_bytes(data), start=1) if line.strip()]


def last_head(data: DataRoot) -> Head:
    """Return the head according to the log itself; `EMPTY` where it has no record."""
    # the hash is of the stored bytes, not of the parsed record: records of older versions have other fields
    for content in reversed(_bytes(data)):
        line = Line.of(0, content)
        if line.record:
            return Head(seq=line.record.seq, sha256=line.sha256)
    return EMPTY


def _bytes(data: DataRoot) -> list[bytes]:
    return log_file(data).read_bytes().split(b"\n") if log_file(data).exists() else []
