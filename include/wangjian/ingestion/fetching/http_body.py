"""Read the body of an HTTP answer within limits, so that no server can fill the memory or block the fetch for ever."""

from __future__ import annotations

import time
import zlib
from typing import Protocol

import httpx

from wangjian.core.errors import BadDelivery, SourceUnavailable

ACCEPTED = "gzip, identity"
"""The value of the header Accept-Encoding.

This module unpacks gzip itself: httpx unpacks without a limit, and 64 KB of an answer may unpack to gigabytes.
"""
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
    """Return the whole body of a streamed answer.

    Args:
        answer: an answer whose body is not read yet.
        limit: the largest unpacked body, in bytes; memory holds little more.
        seconds: the longest time for the whole body.
        fix: what a person can do when the body is too large.
        where: what locates the answer in messages.

    Returns:
        The unpacked body.

    Raises:
        BadDelivery: the body is too large, damaged, or has another encoding than requested.
        SourceUnavailable: the body takes too long.
        httpx.TransportError: the connection broke.
    """
    unpacker, ends = _unpacker(answer, where), time.monotonic() + seconds
    content = bytearray()
    for piece in answer.iter_raw():
        if time.monotonic() > ends:
            raise SourceUnavailable(
                f"an answer has not ended after {seconds:g} seconds",
                fix="the next run tries again; a slow source needs a larger retries.answer_seconds",
                **where,
            )
        try:
            # one byte above the limit is enough to know that the body is too large
            content += unpacker.decompress(piece, limit + 1 - len(content))
        except zlib.error as error:
            raise _damaged(str(error), where) from None
        if len(content) > limit:
            raise BadDelivery(f"an answer is larger than {limit} bytes", fix=fix, **where)
    if not unpacker.eof or unpacker.unused_data:
        raise _damaged("its gzip data ends too early, or data follows its end", where)
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
                fix=f"the server must use an encoding of the request: {ACCEPTED}",
                **where,
            )


def _damaged(how: str, where: dict[str, str]) -> BadDelivery:
    return BadDelivery(f"an answer is damaged: {how}", fix="the source must fix its server", **where)
