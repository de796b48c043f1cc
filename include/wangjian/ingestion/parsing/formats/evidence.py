"""Whether a piece of evidence opens as an image or a PDF."""

from __future__ import annotations

import io

from wangjian.core.errors import RejectedFile

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
