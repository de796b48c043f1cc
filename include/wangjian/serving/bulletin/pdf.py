"""Convert the bulletin to PDF with LibreOffice, in the best Chinese fonts that this machine has."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from wangjian.core.errors import WangjianError

FONTS = Path(__file__).with_name("fonts.conf")
INSTALL = "apt-get install libreoffice-writer-nogui fonts-noto-cjk"
# LibreOffice may hang on a broken profile or display: without a limit the command would never end
_SECONDS = 180

_WHEN = re.compile(rb"(/CreationDate\(D:|/ModDate\(D:)\d{14}")
_MARK = re.compile(rb"(?<=[</])[0-9A-F]{32}(?=[>\s])")


def office() -> str | None:
    """Return the path of LibreOffice; null if it is not installed."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def pdf_bytes(docx: bytes, at: datetime) -> bytes:
    """Return a document as PDF.

    Args:
        docx: the bytes of the document.
        at: the time to write into the PDF as its time of creation.

    Returns:
        The bytes of the PDF; the same for the same document, program and fonts.

    Raises:
        WangjianError: LibreOffice or a Chinese font is not installed, or LibreOffice wrote no PDF.
    """
    program = office()
    if program is None:
        raise WangjianError("LibreOffice is not installed: no PDF can be made", fix=INSTALL)
    _require_chinese_font()
    with tempfile.TemporaryDirectory(prefix="wangjian-pdf-") as name:
        folder = Path(name)
        source = folder / "bulletin.docx"
        source.write_bytes(docx)
        output = _convert(program, source, folder)
        target = source.with_suffix(".pdf")
        if not target.exists():
            raise WangjianError(
                f"LibreOffice made no PDF: {output.strip()[-300:]}",
                program=program,
                fix="write the DOCX only, and open it in LibreOffice to see the reason",
            )
        return _reproducible(target.read_bytes(), at)


def _convert(program: str, source: Path, folder: Path) -> str:
    # each run has its own profile: LibreOffice locks the profile, and a second run with the same one would not start
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [
        program,
        "--headless",
        "--norestore",
        profile,
        "--convert-to",
        "pdf",
        "--outdir",
        str(folder),
        str(source),
    ]
    # a fixed time zone, locale and font list: the same document must give the same PDF on this machine
    environment = {**os.environ, "FONTCONFIG_FILE": str(FONTS), "HOME": str(folder), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise WangjianError(
            f"LibreOffice did not finish within {_SECONDS} s",
            program=program,
            fix="try again when the machine is less busy, or write the DOCX only",
        ) from None
    return done.stdout + done.stderr


def _require_chinese_font() -> None:
    # without fontconfig's tools the fonts are not known: try anyway, rather than refuse a PDF that may be good
    lister = shutil.which("fc-list")
    if lister is None:
        return
    families = subprocess.run([lister, ":lang=zh-cn", "family"], capture_output=True, text=True, check=False).stdout
    if not families.strip():
        raise WangjianError("no Chinese font is installed: the PDF would show boxes", fix=INSTALL)


def _reproducible(pdf: bytes, at: datetime) -> bytes:
    """Return the PDF with a fixed time of creation and an identifier that depends on its content alone.

    The new values have the length of the old ones: a PDF lists its objects by their offset, and no offset may move.
    """
    when = f"{at.astimezone(UTC):%Y%m%d%H%M%S}".encode()
    dated = _WHEN.sub(rb"\g<1>" + when, pdf)
    # the identifier and the checksum are in the trailer; elsewhere the same pattern could match content
    end = dated.rindex(b"trailer")
    blank = _MARK.sub(b"0" * 32, dated[end:])
    mark = hashlib.sha256(dated[:end] + blank).hexdigest()[:32].upper().encode()
    return dated[:end] + _MARK.sub(mark, dated[end:])
