"""Files for spreadsheets: no text runs as a formula, and the same content gives the same bytes."""

from __future__ import annotations

import re
import zipfile
from datetime import datetime
from pathlib import Path

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""With one of these a spreadsheet takes a text for a formula."""

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_WHEN = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def harmless(cell: str | None) -> str:
    """A text that no spreadsheet runs as a formula, and without signs that XLSX forbids."""
    text = "".join(sign for sign in cell or "" if sign in "\t\n\r" or sign >= " ")
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def make_reproducible(path: Path, at: datetime) -> None:
    """Rewrite an office file (DOCX, XLSX) without the moment at which it was written.

    Args:
        path: the file.
        at: the moment that it is to show as created and modified.
    """
    with zipfile.ZipFile(path) as archive:
        parts = [(item.filename, archive.read(item)) for item in archive.infolist()]
    when = f"{at:%Y-%m-%dT%H:%M:%SZ}".encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts:
            told = _WHEN.sub(rb"\g<1>" + when, content) if name == "docProps/core.xml" else content
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), told, zipfile.ZIP_DEFLATED)
