"""Pages of a JSON export, parsed in bulk by DuckDB's own reader."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from wangjian.duckdb_memory import connect_beside
from wangjian.errors import RejectedFile
from wangjian.files import written_atomically
from wangjian.landing.store import Landing
from wangjian.parsing.raw import LINEAGE
from wangjian.sources.contract import Dataset


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


@dataclass(frozen=True)
class _Survey:
    """What a page holds, by the names of its fields alone."""

    rows: int
    total: int
    names: frozenset[str]

    def extras(self, dataset: Dataset) -> tuple[str, ...]:
        """The names that the contract does not know."""
        return tuple(sorted(self.names - {column.header for column in dataset.columns}))

    def absent(self, dataset: Dataset) -> list[str]:
        """The required fields that no record has."""
        wanted = [column.header for column in dataset.columns if column.required]
        return [name for name in wanted if self.rows and name not in self.names]


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
    with _connected(target) as connection, written_atomically(target) as temporary:
        return _read(connection, landing, dataset, pages, temporary)


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
    with TemporaryDirectory() as folder, _connected(target := Path(folder) / "page.parquet") as connection:
        _read(connection, landing, dataset, [page], target)


def _connected(target: Path) -> duckdb.DuckDBPyConnection:
    connection = connect_beside(target)
    # the rows flow through small tables that stand second in each join: in their order, and never all in memory
    connection.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
    return connection


def _read(
    connection: duckdb.DuckDBPyConnection, landing: Landing, dataset: Dataset, pages: Sequence[PageFile], target: Path
) -> dict[str, PageOutcome]:
    try:
        _name(connection, landing, dataset, pages)
        surveys = _surveyed(connection)
        _check_surveys(surveys, dataset)
        if any(survey.extras(dataset) for survey in surveys.values()):
            _find_extras(connection, dataset)
        duplicates = _write(connection, dataset, target)
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        # the reason stands at the end; before it the name of the file, which the ledger has too
        said = str(error).splitlines()[0].rsplit('", ', 1)[-1]
        raise RejectedFile("UNREADABLE_FILE", f"broken JSON page: {said}", mend="the source must mend it") from None
    return {
        sha256: PageOutcome(survey.rows, duplicates.get(sha256, 0), survey.total, survey.extras(dataset))
        for sha256, survey in surveys.items()
    }


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


def _name(connection: duckdb.DuckDBPyConnection, landing: Landing, dataset: Dataset, pages: Sequence[PageFile]) -> None:
    """Views of the pages (`page` and `member` with whatever fields there are, `record` with the known ones), and small tables beside them."""
    in_order = sorted(pages, key=lambda page: [str(value) for value in page.lineage])
    paths = list(dict.fromkeys(str(landing.path_of(page.sha256)) for page in in_order))
    largest = max(page.byte_size for page in pages) * 2 + 1024
    fields = ", ".join(f'"{column.header}" varchar' for column in dataset.columns)
    envelope = "'total': 'bigint', 'dataset': 'varchar', 'business_date': 'varchar'"
    for view, kind in (("page", "map(varchar, varchar)"), ("typed_page", f"struct({fields})")):
        connection.execute(
            f"""
            create temp view {view} as
            select parse_filename(filename) as sha256, total, dataset, business_date, records
            from read_json({paths}, format = 'unstructured', columns = {{{envelope}, 'records': {_quoted(f"{kind}[]")}}},
                           filename = true, maximum_object_size = {largest})
            """
        )
    for view, of, name in (("member", "page", "m"), ("record", "typed_page", "r")):
        connection.execute(
            f"create temp view {view} as "
            f"select sha256, unnest(records) as {name}, generate_subscripts(records, 1) as row_number from {of}"
        )
    connection.execute("create temp table extra (sha256 varchar, row_number bigint, extra map(varchar, varchar))")
    connection.execute("create temp table duplicate (sha256 varchar, row_number bigint)")
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


def _surveyed(connection: duckdb.DuckDBPyConnection) -> dict[str, _Survey]:
    """The pages by SHA-256; each is what was asked for, and once."""
    connection.execute(
        """
        create temp table survey as
        select sha256, total, dataset, business_date, len(records) as row_count,
            flatten(list_distinct(list_transform(records, lambda m: map_keys(m)))) as names
        from page
        """
    )
    _check_envelopes(connection)
    rows = connection.execute("select sha256, row_count, total, names from survey").fetchall()
    return {sha256: _Survey(count, total, frozenset(names or ())) for sha256, count, total, names in rows}


def _check_envelopes(connection: duckdb.DuckDBPyConnection) -> None:
    wrong = connection.execute(
        """
        select count(*) from survey inner join lineage on survey.sha256 = lineage._file_sha256
        where survey.total is null or survey.row_count is null or survey.dataset is distinct from lineage._dataset
            or survey.business_date is distinct from cast(lineage._business_date as varchar)
        """
    ).fetchone()
    if wrong and wrong[0]:
        raise RejectedFile("WRONG_DATE", f"{wrong[0]} pages are not what was asked for")
    doubled = connection.execute("select sha256 from survey group by sha256 having count(*) > 1").fetchone()
    if doubled:
        raise RejectedFile("UNREADABLE_FILE", "more than one JSON document in a page", mend="the source must mend it")


def _check_surveys(surveys: Mapping[str, _Survey], dataset: Dataset) -> None:
    for survey in surveys.values():
        if absent := survey.absent(dataset):
            raise RejectedFile("MISSING_COLUMN", f"required fields are missing: {', '.join(absent)}")


def _find_extras(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    known = "[" + ", ".join(_quoted(column.header) for column in dataset.columns) + "]"
    connection.execute(
        f"""
        insert into extra
        select sha256, row_number, map_from_entries(list_filter(map_entries(m), lambda e: not list_contains({known}, e.key)))
        from member
        where len(list_filter(map_keys(m), lambda k: not list_contains({known}, k))) > 0
        """
    )


def _write(connection: duckdb.DuckDBPyConnection, dataset: Dataset, target: Path) -> dict[str, int]:
    """The Parquet file; how many rows repeat an earlier one of their page, by its SHA-256."""
    statement = _copy_statement(dataset, target)
    connection.execute(statement)
    if not _may_repeat(connection, dataset, target):
        return {}
    connection.execute(
        """
        insert into duplicate
        select sha256, row_number
        from (select sha256, row_number, row_number() over (partition by sha256, hash(r), r order by row_number) as nth from record)
        where nth > 1
        """
    )
    connection.execute(statement)
    return dict(connection.execute("select sha256, count(*) from duplicate group by sha256").fetchall())


def _may_repeat(connection: duckdb.DuckDBPyConnection, dataset: Dataset, target: Path) -> bool:
    """Whether some page has two rows of one key: only then two of its rows can be the same."""
    key = ", ".join(["_export_id", "_part", *dataset.key])
    found = connection.execute(
        # hashes are small; two keys of one hash only cost a second look
        f"select count(*) - count(distinct hash({key})) from read_parquet({_quoted(target)})"
    ).fetchone()
    return bool(found and found[0])


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
        ) to {_quoted(target)} (format parquet, compression zstd)
    """
