"""Whether the audit log is as it was written: every record, in order, unchanged, none missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wangjian.core.locks import audit_log_lock
from wangjian.core.paths import DataRoot
from wangjian.state.audit_log import EMPTY, AuditRecord, Head, Line, head_file, kept_head, last_head, lines


@dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        count: how many records there are.
        head: of the last one.
        faults: what is wrong, for a person, each with its record; empty where all is well.
        notes: what a crash left; no record was lost.
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
        anchors: heads that were told outside; each must still be in the chain.

    Returns:
        What was found.
    """
    with audit_log_lock(data, "verify the audit log"):
        found = lines(data)
        kept = kept_head(data)
    links = [(line, line.record) for line in found if line.record]
    hashes = {record.seq: line.sha256 for line, record in links}
    faults = list(_broken_links(links))
    if kept:
        faults += _against(hashes, kept, "the head that was kept")
    elif len(links) > 1:
        # a crash within the very first record leaves none
        faults.append(f"{head_file(data).name} is missing or no head: records may be missing at the end")
    for anchor in anchors:
        faults += _against(hashes, anchor, f"the anchor {anchor}")
    notes = [f"line {line.number} is torn: a write that was cut off" for line in found if not line.record]
    return Verification(len(links), last_head(data), tuple(dict.fromkeys(faults)), tuple(notes))


def _broken_links(links: list[tuple[Line, AuditRecord]]) -> Iterator[str]:
    before, expected = EMPTY.sha256, 1
    for line, record in links:
        where = f"line {line.number}"
        if record.seq > expected:
            yield f"{_some(expected, record.seq - 1)} missing before {where}"
        elif record.seq < expected:
            yield f"record {record.seq} at {where} is out of order or stands there twice"
        elif record.previous != before:
            # the first one has none before it that could have been changed
            changed = record.seq - 1 or record.seq
            yield f"record {changed} was changed: {where} names another hash of it"
        before, expected = line.sha256, record.seq + 1


def _against(hashes: dict[int, str], head: Head, name: str) -> Iterator[str]:
    last = max(hashes, default=0)
    if head.seq > last:
        yield f"{_some(last + 1, head.seq)} missing at the end: {name} knows of them"
    elif head.seq and hashes.get(head.seq) != head.sha256:
        yield f"record {head.seq} was changed: {name} names another hash of it"


def _some(first: int, last: int) -> str:
    return f"record {first} is" if first == last else f"records {first} to {last} are"
