"""Read and write append-only files of JSON lines; a crash in the middle of a line costs only that line."""

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
    """Append records in one write, one JSON object per line, synced to disk. Several processes may append to one file.

    Args:
        path: the file. It (mode 0600) and its folder are made at first use.
        records: the records; without any, nothing is written.

    Raises:
        WangjianError: the disk took only part of the text. Readers skip the torn line.
    """
    text = "".join(f"{record.model_dump_json()}\n" for record in records)
    if not text:
        return
    append_text(path, text)


def replace(path: Path, content: bytes) -> None:
    """Replace a file in one step. The caller must hold it alone (`wangjian.core.files.held_alone`).

    Args:
        path: the file.
        content: all its lines.
    """
    with written_atomically(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_bytes(content)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a file; skip torn lines (no JSON object) with a warning in the log.

    Args:
        path: the file; a missing one counts as empty.

    Yields:
        The records, in the order in which they were appended.
    """
    if not path.exists():
        return
    # replace: a line that is torn within a character must not stop the reading of the others
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            record = _parsed(line)
            if record is not None:
                yield record
            elif line.strip():
                _log.warning("skipped a torn line [file=%s, line=%s]", path, number)


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
