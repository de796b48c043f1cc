"""What stands in the place of an erased value: the same for the same value within one erasure, and nobody can go back from it.

Blank would not do: rows of one person would fall apart, those of several would become one, and a required column would send the row into
quarantine. The key of the marks is destroyed when the erasure is done.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

from wangjian.core.files import write_atomically
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing.formats.base import Mark

ERASED = "已删除"


def marks_of(data: DataRoot, erasure_id: str) -> Mark:
    """The marks of one erasure; their key is kept as long as the erasure is under way, so that it can be gone on with."""
    path = _key_file(data, erasure_id)
    if not path.exists():
        write_atomically(path, secrets.token_hex(32), mode=0o600)
    key = path.read_bytes()

    def mark(value: str) -> str:
        if not value or value.startswith(ERASED):
            return value
        return f"{ERASED}{hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:10]}"

    return mark


def destroy_key(data: DataRoot, erasure_id: str) -> None:
    """Make sure that nobody can tell which value a mark stands for by trying."""
    _key_file(data, erasure_id).unlink(missing_ok=True)


def _key_file(data: DataRoot, erasure_id: str) -> Path:
    return data.state / "erasures" / f"{erasure_id}.key"
