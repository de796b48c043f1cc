"""Verify the audit log: every record is there, in order and unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wangjian.core.locks import audit_log_lock
from wangjian.core.paths import DataRoot
from wangjian.state.audit_log import EMPTY, AuditRecord, Head, Line, head_file, kept_head, last_head, lines


@dataclass(frozen=True)
class Verification:
    """The result of a verification.

    Attributes:
        count: the number of records.
        head: number and hash of the last record.
        faults: one text for each fault, naming the record; empty where the log is whole.
        notes: traces of crashes that cost no record.
    """

    count: int
    head: Head
    faults: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return not self.faults


def verify_audit_log(data: DataRoot, anchors: tuple[Head, ...] = ()) -> Verification:
    """Follow the chain from its first record to its last.

    Args:
        data: the data root.
        anchors: heads that were sent outside earlier; each must still be in the chain.

    Returns:
        The faults and notes.
    """
    # under the lock: a record without its head yet would look like harm
    with audit_log_lock(data, "verify the audit log"):
        present = lines(data)
        kept = kept_head(data)
    links = [(line, line.record) for line in present if line.record]
    hashes = {record.seq: line.sha256 for line, record in links}
    faults = list(_broken_links(links))
    if kept:
        faults += _against(hashes, kept, "the head that was kept")
    elif len(links) > 1:
        # one record without a head is no fault: a crash after the very first record leaves the log so
        faults.append(f"{head_file(data).name} is missing or not valid: records may be missing at the end")
    # a person who can write here can rewrite log and head alike; only an anchor outside shows that
    for anchor in anchors:
        faults += _against(hashes, anchor, f"the anchor {anchor}")
    notes = [f"line {line.number} is torn: its write was interrupted" for line in present if not line.record]
    return Verification(len(links), last_head(data), tuple(dict.fromkeys(faults)), tuple(notes))


def _broken_links(links: list[tuple[Line, AuditRecord]]) -> Iterator[str]:
    before, expected = EMPTY.sha256, 1
    for line, record in links:
        where = f"line {line.number}"
        if record.seq > expected:
            yield f"{_some(expected, record.seq - 1)} missing before {where}"
        elif record.seq < expected:
            yield f"record {record.seq} at {where} is out of order or a duplicate"
        elif record.previous != before:
            # the hash of the record before is wrong; the first record has none before it, so it was itself changed
            changed = record.seq - 1 or record.seq
            yield f"record {changed} was changed: {where} names another hash of it"
        before, expected = line.sha256, record.seq + 1


def _against(hashes: dict[int, str], head: Head, name: str) -> Iterator[str]:
    last = max(hashes, default=0)
    if head.seq > last:
        yield f"{_some(last + 1, head.seq)} missing at the end: {name} counts {head.seq} records"
    elif head.seq and hashes.get(head.seq) != head.sha256:
        yield f"record {head.seq} was changed: {name} names another hash of it"


def _some(first: int, last: int) -> str:
    return f"record {first} is" if first == last else f"records {first} to {last} are"
