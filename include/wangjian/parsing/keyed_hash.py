"""Identity-card numbers leave the landing zone only as a keyed hash (个人信息保护法 art. 28, 51)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

from wangjian.files import write_atomically
from wangjian.locks import exclusive_lock


def load_key(state: Path) -> bytes:
    """The installation's key, 32 random bytes, made at first use with mode 0600. Back it up apart from the data."""
    path = state / "keys" / "keyed_hash.key"
    with exclusive_lock(state / "locks" / "keyed_hash.lock", doing="make the key"):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(path, secrets.token_hex(32), mode=0o600)
    return bytes.fromhex(path.read_text())


def keyed_hash(value: str, key: bytes) -> str:
    """HMAC-SHA-256 of a text, 64 hex digits."""
    return hmac.new(key, value.strip().upper().encode(), hashlib.sha256).hexdigest()
