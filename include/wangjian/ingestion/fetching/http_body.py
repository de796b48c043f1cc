"""The body of an HTTP answer, read so that no server can fill the memory or keep us for ever."""

from __future__ import annotations

import time
import zlib
from typing import Protocol

import httpx

from wangjian.core.errors import BadDelivery, SourceUnavailable

ACCEPTED = "gzip, identity"
"""For the header Accept-Encoding. The client's own unpacking knows no bounds: 64 KB of an answer may be gigabytes."""
_GZIP = 16 + zlib.MAX_WBITS


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Plain:
    eof = True
    unused_data = b""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return data[:max_length]


def read_body(
    answer: httpx.Response, limit: int, seconds: float, *, fix: str = "raise http.max_page_bytes", **where: str
) -> bytes:
    """Read a streamed answer to its end.

    Args:
        answer: not read yet.
        limit: of the unpacked body, in bytes; memory holds little more.
        seconds: for the whole of it.
        fix: what to do where it is longer.
        where: what locates it, for messages.

    Returns:
        The body, unpacked.

    Raises:
        BadDelivery: it is longer, damaged, or packed in another way than was asked for.
        SourceUnavailable: it takes longer.
        httpx.TransportError: the connection broke.
    """
    unpacker, ends = _unpacker(answer, where), time.monotonic() + seconds
    content = bytearray()
    for piece in answer.iter_raw():
        if time.monotonic() > ends:
            raise SourceUnavailable(f"an answer has not ended after {seconds:g} seconds", **where)
        try:
            content += unpacker.decompress(piece, limit + 1 - len(content))
        except zlib.error as error:
            raise _damaged(str(error), where) from None
        if len(content) > limit:
            raise BadDelivery(f"an answer exceeds {limit} bytes", fix=fix, **where)
    if not unpacker.eof or unpacker.unused_data:
        raise _damaged("its packed bytes end too early or too late", where)
    return bytes(content)


def _unpacker(answer: httpx.Response, where: dict[str, str]) -> _Unpacker:
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    match encoding:
        case "identity" | "":
            return _Plain()
        case "gzip":
            return zlib.decompressobj(_GZIP)
        case _:
            raise BadDelivery(
                f"an answer is encoded as {encoding}",
                fix=f"the server must keep to what it is asked for: {ACCEPTED}",
                **where,
            )


def _damaged(how: str, where: dict[str, str]) -> BadDelivery:
    return BadDelivery(f"an answer is damaged: {how}", fix="the source must fix its server", **where)
