"""The monthly bulletin as files: DOCX and PDF in the layout of an official document, XLSX with the numbers in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from wangjian.core.files import write_atomically
from wangjian.core.paths import DataRoot
from wangjian.serving.bulletin.compose import compose
from wangjian.serving.bulletin.document import docx_bytes
from wangjian.serving.bulletin.figures import Figures, read_figures
from wangjian.serving.bulletin.pdf import INSTALL, office, pdf_bytes
from wangjian.serving.bulletin.workbook import xlsx_bytes
from wangjian.state.audit_log import Access, record_access

__all__ = ["FORMATS", "Format", "Written", "office", "write_bulletin"]

Format = Literal["docx", "pdf", "xlsx"]
FORMATS: tuple[Format, ...] = ("docx", "pdf", "xlsx")


@dataclass(frozen=True)
class Written:
    """The files that `write_bulletin` wrote.

    Attributes:
        month: the first day of the month.
        publication_id: the publication that the figures come from.
        files: the paths, in the order of `FORMATS`.
        skipped: which file was not written and why, for a person to read; empty if none was skipped.
    """

    month: date
    publication_id: str
    files: tuple[Path, ...]
    skipped: str


def write_bulletin(
    data: DataRoot,
    month: date | None = None,
    folder: Path | None = None,
    formats: Iterable[Format] | None = None,
    issued_on: date | None = None,
) -> Written:
    """Write the bulletin of a month from the publication that readers see. The same publication gives the same bytes.

    Args:
        data: the data root.
        month: the first day of the month; the last complete month if null.
        folder: the folder for the files; `docs/bulletins` in the data root if null.
        formats: the formats to write; if null, all that this machine can make.
        issued_on: the date of issue in the document; null leaves a blank to fill in by hand.

    Returns:
        The written files. The audit log has a record of each.

    Raises:
        BadArguments: there are no figures for the month, or it has not ended.
        WangjianError: nothing is published; or a PDF was asked for and LibreOffice or a Chinese font is missing.
    """
    wanted = _wanted(formats)
    figures = read_figures(data, month)
    folder = folder or data.docs / "bulletins"
    files = []
    for kind, content in _contents(figures, wanted, issued_on).items():
        path = folder / f"bulletin-{figures.month:%Y-%m}.{kind}"
        # record first: a crash between the two leaves a record without a file, never a file without a record
        _record(data, figures, path, content)
        write_atomically(path, content)
        files.append(path)
    skipped = "" if formats or office() else f"PDF: 未安装 LibreOffice is not installed → {INSTALL}"
    return Written(figures.month, figures.publication.publication_id, tuple(files), skipped)


def _record(data: DataRoot, figures: Figures, path: Path, content: bytes) -> None:
    access = Access(
        action="EXPORTED",
        table_name="reports.rpt_monthly_bulletin",
        selection={"month": f"{figures.month:%Y-%m}", "publication_id": figures.publication.publication_id},
        row_count=len(figures.rows),
        file_name=path.name,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    record_access(data, access)


def _wanted(formats: Iterable[Format] | None) -> tuple[Format, ...]:
    # without LibreOffice the default leaves out the PDF; a PDF that was asked for is an error instead
    chosen = set(formats) if formats else {kind for kind in FORMATS if kind != "pdf" or office()}
    return tuple(kind for kind in FORMATS if kind in chosen)


def _contents(figures: Figures, wanted: tuple[Format, ...], issued_on: date | None) -> dict[Format, bytes]:
    """Return the bytes of every wanted file. All are made before one is written, so a failure leaves the old files."""
    bulletin = compose(figures)
    at = figures.publication.published_at
    # made once: the PDF is printed from the same document
    docx = docx_bytes(bulletin, issued_on) if {"docx", "pdf"} & set(wanted) else b""
    files: dict[Format, bytes] = {}
    for kind in wanted:
        match kind:
            case "docx":
                files[kind] = docx
            case "pdf":
                files[kind] = pdf_bytes(docx, at)
            case "xlsx":
                files[kind] = xlsx_bytes(bulletin, figures)
    return files
