"""Parse the pages of a JSON export in bulk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from wangjian.core.errors import RejectedFile
from wangjian.core.files import written_atomically
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing.formats.any_pages import read_any
from wangjian.ingestion.parsing.formats.byte_search import holds
from wangjian.ingestion.parsing.formats.page_batch import PageBatch, PageFile, PageOutcome, connected, names_once
from wangjian.ingestion.parsing.formats.uniform_pages import Envelope, envelope_of, read_uniform
from wangjian.ingestion.sources.contract import Dataset

# the bulk reader accepts these, but NaN is not JSON (RFC 8259), and no text contains the character NUL
_NUMBERS, _NUL, _ESCAPE = (b"NaN", b"Infinity"), b"\\u0000", b"\\"
_THREADS = 2


def parse_pages(landing: Landing, dataset: Dataset, pages: Sequence[PageFile], target: Path) -> dict[str, PageOutcome]:
    """Parse the pages of a batch into one Parquet file and return the outcome of each by its SHA-256.

    Args:
        landing: the landing zone that has the pages.
        dataset: the contract.
        pages: the pages; several may be the same bytes under different dates.
        target: the Parquet file to write.

    Raises:
        RejectedFile: a page is broken, without saying which; the caller then checks each page alone.
    """
    # threads are enough: reading a file and searching its bytes both let other threads work
    with ThreadPoolExecutor(_THREADS) as threads:
        envelopes = list(threads.map(partial(_checked_envelope, landing), pages))
    with connected(target, pages) as connection, written_atomically(target) as temporary:
        batch = PageBatch(connection, landing, dataset, pages)
        return read_uniform(batch, envelopes, temporary) or read_any(batch, temporary)


def _checked_envelope(landing: Landing, page: PageFile) -> Envelope | None:
    content = landing.read(page.sha256)
    _reject_invalid_json(content)
    return envelope_of(content, page)


def check_page(landing: Landing, page: PageFile, dataset: Dataset, business_date: object) -> None:
    """Check one page alone, to report what is wrong with it.

    Raises:
        RejectedFile: the page is not as the contract requires.
    """
    content = landing.read(page.sha256)
    try:
        body = json.loads(content, parse_constant=_no_number, object_pairs_hook=names_once)
        rows = body["records"]
        is_list = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RejectedFile(
            "UNREADABLE_FILE", f"no page of an export: {error!r}", fix="the source must fix it"
        ) from None
    if not is_list:
        raise RejectedFile("UNREADABLE_FILE", "`records` is no list of objects", fix="the source must fix it")
    if (body.get("dataset"), body.get("business_date")) != (dataset.name, str(business_date)):
        raise RejectedFile(
            "WRONG_DATE", f"says {body.get('dataset')} of {body.get('business_date')}", fix="ask the source"
        )
    seen = {name for row in rows for name in row}
    if rows and (absent := sorted({c.header for c in dataset.columns if c.required} - seen)):
        raise RejectedFile("MISSING_COLUMN", f"required fields are missing: {', '.join(absent)}", fix="ask the source")
    _reject_invalid_json(content)
    # the bulk reader decides in the end: if it cannot read this page alone, the page must not go into a batch again
    with TemporaryDirectory() as folder:
        parse_pages(landing, dataset, [page], Path(folder) / "page.parquet")


def _reject_invalid_json(content: bytes) -> None:
    # almost no page has an escape, and a search for one byte is four times as fast as for six
    may_hold_nul = _ESCAPE in content and holds(content, _NUL)
    if may_hold_nul or any(holds(content, number) for number in _NUMBERS):
        try:
            json.loads(content, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise RejectedFile(
                "UNREADABLE_FILE", f"no JSON page: {error}", fix="the source must send null where there is no number"
            ) from None
        # `\\u0000` is an escaped backslash before the text u0000, not a NUL
        if _NUL in content.replace(b"\\\\", b""):
            raise RejectedFile("UNREADABLE_FILE", "the page holds NUL characters", fix="the source must fix it")


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
