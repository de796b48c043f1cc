"""Make the marks that replace erased values. Equal values get equal marks within one erasure, and no mark leads back to its value.

A blank would not do: the rows of several persons would look like those of one, and a blank in a required column would send its row
into quarantine. The key of the marks is destroyed when the erasure is done.
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
    """Return the function that makes the marks of one erasure.

    The key is kept while the erasure is under way, so that a continued erasure makes the same marks.

    Args:
        data: the data root.
        erasure_id: the erasure.

    Returns:
        A function from a value to its mark. It leaves empty values and marks as they are, so that a second run changes nothing.
    """
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
    """Delete the key of an erasure's marks.

    With the key, a person could mark every known name or number and compare the results with the marks.

    Args:
        data: the data root.
        erasure_id: the erasure.
    """
    _key_file(data, erasure_id).unlink(missing_ok=True)


def _key_file(data: DataRoot, erasure_id: str) -> Path:
    return data.state / "erasures" / f"{erasure_id}.key"
