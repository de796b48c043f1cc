"""Evidence: screenshots and PDF files."""

from __future__ import annotations

import io

from wangjian.core.errors import RejectedFile
from wangjian.ingestion.parsing.formats.base import FileToParse, WithoutRows

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""What a screenshot comes as. Pillow reads dozens more, some with the help of other programs."""


def check_evidence(content: bytes) -> None:
    """Open a screenshot or PDF.

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
    """A piece of evidence."""

    def check(self, item: FileToParse) -> None:
        # erased evidence has no bytes left, which is right
        if not item.landing.is_erased(item.file.sha256):
            check_evidence(item.content())
