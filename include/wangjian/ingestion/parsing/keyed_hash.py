"""Replace identity-card numbers by a keyed hash, the only form in which they leave landing (个人信息保护法 art. 28, 51)."""

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
    """One version of the installation's key.

    Attributes:
        version: the number of the version, from 1; the highest is in use.
        secret: 32 random bytes.
    """

    version: int
    path: Path
    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Return 12 hex digits that identify the key without revealing it."""
        return hashlib.sha256(b"wangjian keyed hash" + self.secret).hexdigest()[:12]


def load_key(state: Path) -> HashKey:
    """Return the key in use; make it (mode 0600) at the first use. It must be backed up apart from the data.

    Raises:
        WangjianError: other users can read the key file, or it holds no key.
    """
    # under a lock: two processes that each make the first key would hash the same number differently
    with exclusive_lock(state / "locks" / "keyed_hash.lock", doing="make the key"):
        return keys(state)[-1] if keys(state) else add_key(state)


def keys(state: Path) -> list[HashKey]:
    """Return all versions of the key that numbers are hashed with, the oldest first; the last one is in use.

    Raises:
        WangjianError: other users can read a key file, or it holds no key.
    """
    return keys_in(state / "keys")


def keys_in(folder: Path) -> list[HashKey]:
    """Return all versions of the key in a folder, the highest last.

    Raises:
        WangjianError: other users can read a key file, or it holds no key.
    """
    files = [(path, match) for path in folder.glob("*.key") if (match := _NAME.fullmatch(path.name))]
    return sorted((_read(path, int(match[1] or 1)) for path, match in files), key=lambda key: key.version)


def add_key(state: Path) -> HashKey:
    """Make the next version of the key, which is in use from now on, and return it."""
    version = max((key.version for key in keys(state)), default=0) + 1
    path = state / "keys" / (f"keyed_hash-{version}.key" if version > 1 else "keyed_hash.key")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(path, secrets.token_hex(32), mode=0o600)
    return _read(path, version)


def _read(path: Path, version: int) -> HashKey:
    if path.stat().st_mode & 0o077:
        raise WangjianError("other users can read the key of the keyed hash", file=path, fix=f"run `chmod 600 {path}`")
    try:
        secret = bytes.fromhex(path.read_text())
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise WangjianError(
            "the file is not a key of the keyed hash: a key has 64 hex digits",
            file=path,
            fix="restore it from its backup",
        )
    return HashKey(version, path, secret)


def keyed_hash(value: str, key: bytes) -> str:
    """Return the HMAC-SHA-256 of a text, as 64 hex digits."""
    # an ID number can end with x or X: both must give the same hash
    return hmac.new(key, value.strip().upper().encode(), hashlib.sha256).hexdigest()
