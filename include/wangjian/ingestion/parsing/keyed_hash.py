"""Identity-card numbers leave the landing zone only as a keyed hash (个人信息保护法 art. 28, 51)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from wangjian.core.errors import WangjianError
from wangjian.core.files import write_atomically
from wangjian.core.locks import exclusive_lock

_NAME = re.compile(r"keyed_hash(?:-(\d+))?\.key")


@dataclass(frozen=True)
class HashKey:
    """A version of the installation's key.

    Attributes:
        version: from 1; the greatest one is used.
        secret: 32 random bytes.
    """

    version: int
    path: Path
    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Tells keys apart and gives none away: 12 hex digits."""
        return hashlib.sha256(b"wangjian keyed hash" + self.secret).hexdigest()[:12]


def load_key(state: Path) -> HashKey:
    """The key in use, made at first use with mode 0600. Back it up apart from the data.

    Raises:
        WangjianError: others may read the key, or it is no key.
    """
    with exclusive_lock(state / "locks" / "keyed_hash.lock", doing="make the key"):
        return keys(state)[-1] if keys(state) else add_key(state)


def keys(state: Path) -> list[HashKey]:
    """All versions that there are, the one in use last.

    Raises:
        WangjianError: others may read a key, or it is no key.
    """
    return keys_in(state / "keys")


def keys_in(folder: Path) -> list[HashKey]:
    """The same, of any folder that holds some.

    Raises:
        WangjianError: others may read a key, or it is no key.
    """
    found = [(path, named) for path in folder.glob("*.key") if (named := _NAME.fullmatch(path.name))]
    return sorted((_read(path, int(named[1] or 1)) for path, named in found), key=lambda key: key.version)


def add_key(state: Path) -> HashKey:
    """Make the next version of the key; from now on it is the one in use."""
    version = max((key.version for key in keys(state)), default=0) + 1
    path = state / "keys" / (f"keyed_hash-{version}.key" if version > 1 else "keyed_hash.key")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(path, secrets.token_hex(32), mode=0o600)
    return _read(path, version)


def _read(path: Path, version: int) -> HashKey:
    if path.stat().st_mode & 0o077:
        raise WangjianError("others may read the key of the keyed hash", file=path, fix=f"chmod 600 {path}")
    try:
        secret = bytes.fromhex(path.read_text())
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise WangjianError(
            "not a key of the keyed hash: 64 hex digits are wanted", file=path, fix="restore it from its backup"
        )
    return HashKey(version, path, secret)


def keyed_hash(value: str, key: bytes) -> str:
    """HMAC-SHA-256 of a text, 64 hex digits."""
    return hmac.new(key, value.strip().upper().encode(), hashlib.sha256).hexdigest()
