"""Pages of a JSON export, parsed in bulk by DuckDB's own reader."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from wangjian.errors import RejectedFile
from wangjian.files import written_atomically
from wangjian.landing.store import Landing
from wangjian.parsing.raw import LINEAGE
from wangjian.sources.contract import Column, Dataset

MEMORY_LIMIT = "2GB"


@dataclass(frozen=True)
class PageFile:
    """One landed page: its lineage values in the order of `LINEAGE`, without `_row_number`."""

    sha256: str
    byte_size: int
    lineage: tuple[object, ...]


@dataclass(frozen=True)
class PageOutcome:
    """What a page held."""

    rows_read: int
    rows_duplicate: int
    declared_rows: int
    extra_columns: tuple[str, ...]


def parse_pages(landing: Landing, dataset: Dataset, pages: Sequence[PageFile], target: Path) -> dict[str, PageOutcome]:
    """Parse the pages of a batch into one Parquet file.

    Args:
        landing: holds the pages.
        dataset: the contract.
        pages: the pages, several of which may be the same bytes under another date.
        target: the Parquet file to write.

    Returns:
        The outcome by SHA-256 of the page.

    Raises:
        RejectedFile: some page is broken, without saying which; the caller then looks at each alone.
    """
    for page in pages:
        _reject_what_is_lenient(landing, page.sha256)
    with _connected() as connection:
        outcomes = _read(connection, landing, dataset, pages)
        with written_atomically(target) as temporary:
            connection.execute(_copy_statement(dataset, temporary))
    return outcomes


def check_page(landing: Landing, page: PageFile, dataset: Dataset, business_date: object) -> None:
    """Look at one page alone, to say what is wrong with it.

    Raises:
        RejectedFile: it is not the page that the contract promises.
    """
    try:
        body = json.loads(landing.read(page.sha256), parse_constant=_no_number, object_pairs_hook=_with_names_once)
        rows = body["records"]
        is_list = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RejectedFile(
            "UNREADABLE_FILE", f"no page of an export: {error!r}", mend="the source must mend it"
        ) from None
    if not is_list:
        raise RejectedFile("UNREADABLE_FILE", "`records` is no list of objects", mend="the source must mend it")
    if (body.get("dataset"), body.get("business_date")) != (dataset.name, str(business_date)):
        raise RejectedFile(
            "WRONG_DATE", f"says {body.get('dataset')} of {body.get('business_date')}", mend="ask the source"
        )
    seen = {name for row in rows for name in row}
    if rows and (absent := sorted({c.header for c in dataset.columns if c.required} - seen)):
        raise RejectedFile("MISSING_COLUMN", f"required fields are missing: {', '.join(absent)}", mend="ask the source")
    _reject_what_is_lenient(landing, page.sha256)
    # the bulk reader has the last word: what it cannot read alone it cannot read with others
    with _connected() as connection:
        _read(connection, landing, dataset, [page])


def _connected() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "preserve_insertion_order": True})


def _read(
    connection: duckdb.DuckDBPyConnection, landing: Landing, dataset: Dataset, pages: Sequence[PageFile]
) -> dict[str, PageOutcome]:
    try:
        _load(connection, landing, dataset, pages)
        return _outcomes(connection, dataset, landing, pages)
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        # the reason stands at the end; before it the name of the file, which the ledger has too
        said = str(error).splitlines()[0].rsplit('", ', 1)[-1]
        raise RejectedFile("UNREADABLE_FILE", f"broken JSON page: {said}", mend="the source must mend it") from None


# what the bulk reader lets pass: NaN is no JSON (RFC 8259), and NUL is no character of any text
_LENIENT = (b"NaN", b"Infinity", b"\\u0000")


def _reject_what_is_lenient(landing: Landing, sha256: str) -> None:
    content = landing.read(sha256)
    if any(sign in content for sign in _LENIENT):
        try:
            json.loads(content, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise RejectedFile(
                "UNREADABLE_FILE", f"no JSON page: {error}", mend="the source must send null where there is no number"
            ) from None
        if b"\\u0000" in content.replace(b"\\\\", b""):
            raise RejectedFile("UNREADABLE_FILE", "the page holds NUL characters", mend="the source must mend it")


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _with_names_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"a field comes twice in one object: {sorted({n for n in names if names.count(n) > 1})}")
    return found


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _load(connection: duckdb.DuckDBPyConnection, landing: Landing, dataset: Dataset, pages: Sequence[PageFile]) -> None:
    paths = sorted({str(landing.path_of(page.sha256)) for page in pages})
    fields = ", ".join(f'"{column.header}" varchar' for column in dataset.columns)
    envelope = (
        "{'total': 'bigint', 'dataset': 'varchar', 'business_date': 'varchar', 'records': "
        + _quoted(f"struct({fields})[]")
        + "}"
    )
    largest = max(page.byte_size for page in pages) * 2 + 1024
    connection.execute(
        f"""
        create temp table page as
        select parse_filename(filename) as sha256, total, dataset, business_date, records
        from read_json({[*paths]}, format = 'unstructured', columns = {envelope}, filename = true,
                       maximum_object_size = {largest})
        """
    )
    connection.execute(
        """
        create temp table record as
        select sha256, unnest(records) as r, generate_subscripts(records, 1) as row_number
        from page
        """
    )
    _load_lineage(connection, pages)


def _load_lineage(connection: duckdb.DuckDBPyConnection, pages: Sequence[PageFile]) -> None:
    import pyarrow as pa

    schema = pa.schema([field for field in LINEAGE if field.name != "_row_number"])
    columns = list(zip(*(page.lineage for page in pages), strict=True))
    table = pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )
    connection.register("lineage_arrow", table)
    connection.execute("create temp table lineage as select * from lineage_arrow")
    connection.unregister("lineage_arrow")


def _outcomes(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, landing: Landing, pages: Sequence[PageFile]
) -> dict[str, PageOutcome]:
    _check_envelopes(connection)
    required = [column for column in dataset.columns if column.required]
    filled = ", ".join(f'count(r."{column.header}")' for column in required)
    connection.execute(
        """
        create temp table duplicate as
        select sha256, row_number
        from (select sha256, row_number, row_number() over (partition by sha256, hash(r), r order by row_number) as nth from record)
        where nth > 1
        """
        if _has_duplicates(connection)
        else "create temp table duplicate (sha256 varchar, row_number bigint)"
    )
    rows = connection.execute(f"select sha256, count(*), {filled} from record group by sha256").fetchall()
    for sha256, _, *counts in rows:
        _check_columns(sha256, counts, required, landing)
    extras = _extra_columns(connection, dataset, landing, pages)
    totals: dict[str, int] = dict(connection.execute("select sha256, total from page").fetchall())
    duplicates: dict[str, int] = dict(
        connection.execute("select sha256, count(*) from duplicate group by sha256").fetchall()
    )
    read: dict[str, int] = {row[0]: row[1] for row in rows}
    return {
        sha256: PageOutcome(read.get(sha256, 0), duplicates.get(sha256, 0), total, extras.get(sha256, ()))
        for sha256, total in totals.items()
    }


def _has_duplicates(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute("select count(*) - count(distinct hash(sha256, r)) from record").fetchone()
    return bool(found and found[0])


def _check_envelopes(connection: duckdb.DuckDBPyConnection) -> None:
    wrong = connection.execute(
        """
        select count(*) from page inner join lineage on page.sha256 = lineage._file_sha256
        where page.total is null or page.records is null or page.dataset is distinct from lineage._dataset
            or page.business_date is distinct from cast(lineage._business_date as varchar)
        """
    ).fetchone()
    if wrong and wrong[0]:
        raise RejectedFile("WRONG_DATE", f"{wrong[0]} pages are not what was asked for")
    doubled = connection.execute("select sha256 from page group by sha256 having count(*) > 1").fetchone()
    if doubled:
        raise RejectedFile("UNREADABLE_FILE", "more than one JSON document in a page", mend="the source must mend it")


def _check_columns(sha256: str, counts: Sequence[int], required: Sequence[Column], landing: Landing) -> None:
    """A required field without any value in a page may be missing altogether: only then the page is read again."""
    empty = [column.header for column, count in zip(required, counts, strict=True) if not count]
    if empty and (absent := [name for name in empty if f'"{name}"'.encode() not in landing.read(sha256)]):
        raise RejectedFile("MISSING_COLUMN", f"required fields are missing: {', '.join(absent)}")


def _extra_columns(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, landing: Landing, pages: Sequence[PageFile]
) -> dict[str, tuple[str, ...]]:
    """Unknown fields, and their values into the table `extra` (sha256, row_number, extra)."""
    paths = sorted({str(landing.path_of(page.sha256)) for page in pages})
    largest = max(page.byte_size for page in pages) * 2 + 1024
    known = "[" + ", ".join(_quoted(column.header) for column in dataset.columns) + "]"
    connection.execute(
        f"""
        create temp table extra as
        select sha256, row_number, map_from_entries(list_filter(map_entries(m), e -> not list_contains({known}, e.key))) as extra
        from (
            select parse_filename(filename) as sha256, unnest(records) as m, generate_subscripts(records, 1) as row_number
            from read_json({[*paths]}, format = 'unstructured', columns = {{'records': 'map(varchar, varchar)[]'}},
                           filename = true, maximum_object_size = {largest})
        )
        where cardinality(m) > 0 and len(list_filter(map_keys(m), k -> not list_contains({known}, k))) > 0
        """
    )
    found = connection.execute(
        "select sha256, list_sort(list_distinct(flatten(list(map_keys(extra))))) from extra group by sha256"
    )
    return {sha256: tuple(names) for sha256, names in found.fetchall()}


def _copy_statement(dataset: Dataset, target: Path) -> str:
    columns = ", ".join(f"nullif(trim(r.\"{column.header}\"), '') as {column.name}" for column in dataset.columns)
    lineage = ", ".join(
        "record.row_number as _row_number" if field.name == "_row_number" else f"lineage.{field.name}"
        for field in LINEAGE
    )
    return f"""
        copy (
            select {columns}, {lineage}, duplicate.sha256 is not null as _is_duplicate, cast(to_json(extra.extra) as varchar) as _extra
            from record
            inner join lineage on record.sha256 = lineage._file_sha256
            left join duplicate on record.sha256 = duplicate.sha256 and record.row_number = duplicate.row_number
            left join extra on record.sha256 = extra.sha256 and record.row_number = extra.row_number
            order by lineage._export_id, lineage._part, record.row_number
        ) to {_quoted(target)} (format parquet, compression zstd)
    """
