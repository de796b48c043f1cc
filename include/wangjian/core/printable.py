"""Text from outside, as it may stand in one line of a log or on a terminal."""

from __future__ import annotations

import unicodedata

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Controls, marks that turn the direction of writing, halves of signs, and what breaks a line."""


def printable(text: str) -> str:
    r"""Write what cannot be seen as an escape, so that no name begins a line of its own, or commands a terminal.

    Args:
        text: any text: a file's name, a server's words.

    Returns:
        One line: `a⏎b` becomes `a\nb`, an escape sequence `\x1b[2J`. What is seen stays as it is, blanks of all widths too.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(sign) if unicodedata.category(sign) in _UNSEEN else sign for sign in text)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
