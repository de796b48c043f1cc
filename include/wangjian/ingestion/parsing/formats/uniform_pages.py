"""Read the usual JSON pages in one pass: all records have the same fields in the same order, and the contract knows them all.

If one page is different, `any_pages` reads the whole batch; both write the same rows. The one pass is faster, because it needs no
survey of the fields first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from wangjian.ingestion.parsing.formats.byte_search import holds
from wangjian.ingestion.parsing.formats.page_batch import (
    PageBatch,
    PageFile,
    PageOutcome,
    lineage_columns,
    literal,
    names_once,
    normal,
)
from wangjian.ingestion.parsing.raw import FILE_LINEAGE

_RECORDS = b'"records"'
_OPENING = re.compile(rb"\s*:\s*\[\s*")
_CLOSING = re.compile(rb"\]\s*\}\s*\Z")
_DATASET, _BUSINESS_DATE = map(FILE_LINEAGE.get_field_index, ("_dataset", "_business_date"))


@dataclass(frozen=True)
class Envelope:
    """The part of a page around its records.

    Attributes:
        total: the number of rows in the whole export, as the page declares it.
        is_empty: whether the page has no record.
    """

    total: int
    is_empty: bool


def envelope_of(content: bytes, page: PageFile) -> Envelope | None:
    """Return the envelope of a page; null if it is not the usual one, or of another dataset or date than requested.

    Args:
        content: the bytes of the page.
        page: the landed page, with the dataset and date that were requested.
    """
    # only the few bytes around the records go through Python's JSON parser: DuckDB parses the records, many times faster
    start = content.find(_RECORDS)
    opening = _OPENING.match(content, start + len(_RECORDS))
    if start < 0 or opening is None or not _CLOSING.search(content, max(len(content) - 64, opening.end() - 1)):
        return None
    # a second `"records"` may be a second document or a nested field: the cut below would then be in the wrong place
    if holds(content, _RECORDS, opening.end()):
        return None
    try:
        envelope = json.loads(content[:start] + b'"records":0}', object_pairs_hook=names_once)
    except (ValueError, RecursionError):
        return None
    stated, total = (envelope.get("dataset"), envelope.get("business_date")), envelope.get("total")
    # `type`, because `isinstance` takes true for an int
    if stated != (page.lineage[_DATASET], str(page.lineage[_BUSINESS_DATE])) or type(total) is not int:
        return None
    # the total goes into a 64-bit column
    return Envelope(total, content[opening.end() : opening.end() + 1] == b"]") if total.bit_length() < 64 else None


def read_uniform(batch: PageBatch, envelopes: Sequence[Envelope | None], target: Path) -> dict[str, PageOutcome] | None:
    """Write the pages as one Parquet file and return their outcomes; null if `any_pages` has to read them.

    Args:
        batch: the pages.
        envelopes: the envelope of each page.
        target: the file to write; after a null it is not valid.

    Returns:
        The outcome by SHA-256 of the page, or null.
    """
    known = {page.sha256: envelope for page, envelope in zip(batch.pages, envelopes, strict=True) if envelope}
    filled = next((page for page in batch.pages if (around := known.get(page.sha256)) and not around.is_empty), None)
    if filled is None or not all(envelopes):
        return None
    try:
        names = _names(batch, filled)
        if not _are_of_the_contract(batch, names):
            return None
        batch.connection.execute(_copy_statement(batch, names, target))
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        return None
    rows = _rows(batch, target)
    if rows is None or batch.may_repeat(target):
        return None
    return {sha256: PageOutcome(rows.get(sha256, 0), 0, envelope.total, ()) for sha256, envelope in known.items()}


def _names(batch: PageBatch, page: PageFile) -> list[str]:
    """Return the fields of the page's first record, in their order."""
    alone = PageBatch(batch.connection, batch.landing, batch.dataset, [page])
    row = batch.connection.execute(
        f"select map_keys(records[1]) from {alone.from_pages('map(varchar, varchar)')}"
    ).fetchone()
    return list(row[0] or ()) if row else []


def _are_of_the_contract(batch: PageBatch, names: Sequence[str]) -> bool:
    """Return whether the fields are known to the contract and include all required ones."""
    required = {column.header for column in batch.dataset.columns if column.required}
    return required <= set(names) <= {column.header for column in batch.dataset.columns}


def _copy_statement(batch: PageBatch, names: Sequence[str], target: Path) -> str:
    places = {name: number for number, name in enumerate(names, start=1)}
    columns = ", ".join(
        f"{normal(f'fields[{places[column.header]}]') if column.header in places else 'cast(null as varchar)'} as {column.name}"
        for column in batch.dataset.columns
    )
    wanted = "[" + ", ".join(map(literal, names)) + "]"
    # `error()` stops the statement at the first record with other fields, and at a document without records
    return f"""
        copy (
            select {columns}, {lineage_columns("row_number")}, false as _is_duplicate, cast(null as varchar) as _extra
            from (
                select sha256, row_number, case when map_keys(r) = {wanted} then map_values(r) else error('other fields') end as fields
                from (
                    select parse_filename(filename) as sha256, unnest(records) as r, generate_subscripts(records, 1) as row_number
                    from (
                        select filename, case when records is null then error('no page') else records end as records
                        from {batch.from_pages("map(varchar, varchar)")}
                    )
                )
            ) as record
            inner join lineage on record.sha256 = lineage._file_sha256
        ) to {literal(target)} (format parquet, compression zstd)
    """


def _rows(batch: PageBatch, target: Path) -> dict[str, int] | None:
    """Return the rows by SHA-256 of the page; null if a place in a page comes twice, as in a page with two documents."""
    counts = batch.connection.execute(
        f"""
        select _file_sha256, max(_row_number), count(*) = max(_row_number)
        from read_parquet({literal(target)}) group by _file_sha256, _export_id, _part
        """
    ).fetchall()
    return {sha256: rows for sha256, rows, _ in counts} if all(is_whole for *_, is_whole in counts) else None
