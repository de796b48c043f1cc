"""Check evidence: screenshots and PDF files."""

from __future__ import annotations

import io

from wangjian.core.errors import RejectedFile
from wangjian.ingestion.parsing.formats.base import FileToParse, WithoutRows

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""The formats of screenshots. Pillow reads dozens more, some with the help of other programs, which a prepared file could attack."""


def check_evidence(content: bytes) -> None:
    """Raise an error if a file is neither a readable image nor a PDF.

    Raises:
        RejectedFile: it is neither.
    """
    if content.startswith(b"%PDF-"):
        return
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise RejectedFile(
            "UNREADABLE_EVIDENCE", f"neither an image nor a PDF: {error}", fix="ask the provider for the file again"
        ) from None


class Evidence(WithoutRows):
    """A screenshot or PDF that proves a lead."""

    def check(self, item: FileToParse) -> None:
        """Raise an error if the file is neither an image nor a PDF."""
        # an erasure removed the bytes on purpose: the file must not be reported as missing or unreadable
        if not item.landing.is_erased(item.file.sha256):
            check_evidence(item.content())
