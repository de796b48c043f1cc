"""Files for spreadsheets: no text runs as a formula, and the same content gives the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With one of these a spreadsheet takes a text for a formula; those of full width in some of its languages."""

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_WHEN = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def harmless(cell: str | None) -> str:
    """A text that no spreadsheet runs as a formula, and without signs that XLSX forbids."""
    text = "".join(sign for sign in cell or "" if sign in "\t\n\r" or sign >= " ")
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def reproducible(office_file: bytes, at: datetime) -> bytes:
    """An office file (DOCX, XLSX) without the moment at which it was written.

    Args:
        office_file: its bytes.
        at: the moment that it is to show as created and modified.

    Returns:
        The bytes, the same for the same content.
    """
    when = f"{at:%Y-%m-%dT%H:%M:%SZ}".encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(office_file)) as source, zipfile.ZipFile(buffer, "w") as target:
        for item in source.infolist():
            content = source.read(item)
            told = _WHEN.sub(rb"\g<1>" + when, content) if item.filename == "docProps/core.xml" else content
            target.writestr(zipfile.ZipInfo(item.filename, _ZIP_TIME), told, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
