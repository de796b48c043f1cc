"""A search for a few bytes in many, by the C library: Python's own takes twice as long and lets no other thread work meanwhile."""

from __future__ import annotations

import ctypes

_memmem = ctypes.CDLL(None).memmem
_memmem.restype = ctypes.c_void_p
_memmem.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)


def holds(content: bytes, sign: bytes) -> bool:
    """Whether bytes occur in others, as `sign in content`."""
    return _memmem(content, len(content), sign, len(sign)) is not None
