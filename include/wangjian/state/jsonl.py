"""Append-only stores of JSON lines that survive a crash in the middle of a line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from wangjian.core.files import append_text, written_atomically

_log = logging.getLogger(__name__)


def append(path: Path, records: Iterable[BaseModel]) -> None:
    """Append records, one JSON object a line, in one write, durable. Several processes may append to the same file.

    Args:
        path: the store; it and its folder are made at first use (mode 0600).
        records: what to append; nothing is written when there is none.

    Raises:
        WangjianError: the disk took only part of it. Readers ignore the torn line.
    """
    text = "".join(f"{record.model_dump_json()}\n" for record in records)
    if not text:
        return
    append_text(path, text)


def replace(path: Path, content: bytes) -> None:
    """Replace a store that is held alone (`wangjian.core.files.held_alone`), in one step.

    Args:
        path: the store.
        content: all its lines.
    """
    with written_atomically(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_bytes(content)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Read a store; lines that are torn (no JSON object) are passed over and reported to the log.

    Args:
        path: the store; a missing one is empty.

    Yields:
        The records, in the order in which they were appended.
    """
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            record = _parsed(line)
            if record is not None:
                yield record
            elif line.strip():
                _log.warning("passed over a torn line [file=%s, line=%s]", path, number)


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
