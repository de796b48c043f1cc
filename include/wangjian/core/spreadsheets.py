"""Make files for spreadsheets safe and reproducible: no text runs as a formula, same content gives same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A text that starts with one of these counts as a formula; the full-width ones do in some language versions."""

# the earliest time that a ZIP entry can have
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_WHEN = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def harmless(cell: str | None) -> str:
    """Return a text that no spreadsheet runs as a formula, without the characters that XLSX forbids."""
    text = "".join(sign for sign in cell or "" if sign in "\t\n\r" or sign >= " ")
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def reproducible(office_file: bytes, at: datetime) -> bytes:
    """Return an office file (DOCX, XLSX) with fixed times instead of the time of writing.

    Args:
        office_file: the bytes of the file.
        at: the time that the file shows as created and modified.

    Returns:
        The bytes, the same for the same content.
    """
    when = f"{at:%Y-%m-%dT%H:%M:%SZ}".encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(office_file)) as source, zipfile.ZipFile(buffer, "w") as target:
        for item in source.infolist():
            content = source.read(item)
            dated = _WHEN.sub(rb"\g<1>" + when, content) if item.filename == "docProps/core.xml" else content
            # the ZIP entries carry times too
            target.writestr(zipfile.ZipInfo(item.filename, _ZIP_TIME), dated, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
