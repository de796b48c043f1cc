"""An SFTP server whose folders and files a test chooses."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from wangjian.ingestion.fetching.connection import Endpoint

PASSWORD = "ours"
Names = Callable[[], Iterator[tuple[bytes, int]]]


@dataclass
class HostileSftp:
    """The server's behaviour, and a record of its use.

    Attributes:
        folders: the entries of each folder, by its path: names, and the sizes that the server claims.
        read: returns the bytes of a path at an offset; it may return more or fewer than requested.
        opened: the paths that were opened.
        listed: the number of names that were listed.
    """

    endpoint: Endpoint
    folders: dict[str, Names] = field(default_factory=dict)
    read: Callable[[str, int, int], bytes] = lambda path, offset, size: b""
    opened: list[str] = field(default_factory=list)
    listed: int = 0


def names(*entries: str | bytes | tuple[str | bytes, int]) -> Names:
    """Return a folder with these names; the size of an entry is 0 unless it is given."""
    pairs = [item if isinstance(item, tuple) else (item, 0) for item in entries]
    return lambda: iter([(name if isinstance(name, bytes) else name.encode(), size) for name, size in pairs])


@contextmanager
def hostile_sftp() -> Iterator[HostileSftp]:
    """Serve on loopback until the block ends."""
    loop, key = asyncio.new_event_loop(), asyncssh.generate_private_key("ssh-ed25519")
    host_key = " ".join(key.export_public_key().decode().split()[:2])
    hostile = HostileSftp(Endpoint("wangjian_jiangxi", "127.0.0.1", login="u", password=PASSWORD, extra={"host_key": host_key}))  # fmt: skip
    server = loop.run_until_complete(
        asyncssh.listen(
            "127.0.0.1", 0, server_factory=_Login, server_host_keys=[key], sftp_factory=lambda channel: _Files(channel, hostile)
        )
    )  # fmt: skip
    hostile.endpoint = Endpoint(**vars(hostile.endpoint) | {"port": server.get_port()})
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield hostile
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


class _Login(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return password == PASSWORD


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: Any, hostile: HostileSftp) -> None:
        super().__init__(channel)
        self._hostile = hostile

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        if path.decode() not in self._hostile.folders:
            raise asyncssh.SFTPNoSuchFile("nothing there")
        for name, size in self._hostile.folders[path.decode()]():
            self._hostile.listed += 1
            yield asyncssh.SFTPName(name, attrs=asyncssh.SFTPAttrs(size=size, permissions=0o100644))

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> str:
        self._hostile.opened.append(path.decode(errors="surrogateescape"))
        return self._hostile.opened[-1]

    def read(self, file_obj: str, offset: int, size: int) -> bytes:
        return self._hostile.read(file_obj, offset, size)

    def close(self, file_obj: str) -> None: ...

    def fstat(self, file_obj: str) -> asyncssh.SFTPAttrs:
        return asyncssh.SFTPAttrs(size=2**50)
