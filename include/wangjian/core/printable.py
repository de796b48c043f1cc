"""Make text from outside safe for one line of a log or a terminal."""

from __future__ import annotations

import unicodedata

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""The Unicode categories to escape: control characters, direction marks, lone surrogates, line breaks."""


def printable(text: str) -> str:
    r"""Return the text in one line, with invisible characters escaped.

    A hostile file name could otherwise forge a log line or send commands to the reader's terminal.

    Args:
        text: any text: a file name, a server's message.

    Returns:
        One line: `a⏎b` becomes `a\nb`, an escape sequence `\x1b[2J`. Visible characters and spaces of all widths stay.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(sign) if unicodedata.category(sign) in _UNSEEN else sign for sign in text)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
