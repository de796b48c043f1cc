"""Read JSON pages with any fields in bulk with DuckDB's own reader: first the names of the fields, then the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from wangjian.core.errors import RejectedFile
from wangjian.ingestion.parsing.formats.page_batch import PageBatch, PageOutcome, lineage_columns, literal, normal
from wangjian.ingestion.sources.contract import Dataset


@dataclass(frozen=True)
class _Survey:
    """The number of rows in a page and the names of its fields."""

    rows: int
    total: int
    names: frozenset[str]

    def extras(self, dataset: Dataset) -> tuple[str, ...]:
        """Return the names that the contract does not know."""
        return tuple(sorted(self.names - {column.header for column in dataset.columns}))

    def absent(self, dataset: Dataset) -> list[str]:
        """Return the required fields that no record has."""
        wanted = [column.header for column in dataset.columns if column.required]
        return [name for name in wanted if self.rows and name not in self.names]


def read_any(batch: PageBatch, target: Path) -> dict[str, PageOutcome]:
    """Write the pages as one Parquet file and return the outcome of each by its SHA-256.

    Args:
        batch: the pages.
        target: the file to write.

    Raises:
        RejectedFile: a page is broken; the error does not say which one.
    """
    connection, dataset = batch.connection, batch.dataset
    try:
        _create_views(batch)
        surveys = _surveyed(connection)
        _check_surveys(surveys, dataset)
        # this reads all pages once more, so only if a page has unknown fields
        if any(survey.extras(dataset) for survey in surveys.values()):
            _find_extras(connection, dataset)
        duplicates = _write(batch, target)
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        # only the reason, which is at the end of DuckDB's message: before it is the file's name, which the ledger has already
        reason = str(error).splitlines()[0].rsplit('", ', 1)[-1]
        raise RejectedFile("UNREADABLE_FILE", f"broken JSON page: {reason}", fix="the source must fix it") from None
    return {
        sha256: PageOutcome(survey.rows, duplicates.get(sha256, 0), survey.total, survey.extras(dataset))
        for sha256, survey in surveys.items()
    }


def _create_views(batch: PageBatch) -> None:
    """Create views of the pages, and empty tables for unknown columns and duplicates.

    `page` and `member` have all fields of the records, `record` only those of the contract.
    """
    fields = ", ".join(f'"{column.header}" varchar' for column in batch.dataset.columns)
    for view, kind in (("page", "map(varchar, varchar)"), ("typed_page", f"struct({fields})")):
        batch.connection.execute(
            f"create temp view {view} as "
            f"select parse_filename(filename) as sha256, total, dataset, business_date, records from {batch.from_pages(kind)}"
        )
    for view, of, name in (("member", "page", "m"), ("record", "typed_page", "r")):
        batch.connection.execute(
            f"create temp view {view} as "
            f"select sha256, unnest(records) as {name}, generate_subscripts(records, 1) as row_number from {of}"
        )
    batch.connection.execute("create temp table extra (sha256 varchar, row_number bigint, extra map(varchar, varchar))")
    batch.connection.execute("create temp table duplicate (sha256 varchar, row_number bigint)")


def _surveyed(connection: duckdb.DuckDBPyConnection) -> dict[str, _Survey]:
    """Return the survey of each page by its SHA-256; check that each page is the requested one, and one document."""
    # a table, not a view: three queries read it, and a view would read all pages each time
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
        raise RejectedFile("WRONG_DATE", f"{wrong[0]} pages are not what was asked for", fix="ask the source")
    doubled = connection.execute("select sha256 from survey group by sha256 having count(*) > 1").fetchone()
    if doubled:
        raise RejectedFile("UNREADABLE_FILE", "more than one JSON document in a page", fix="the source must fix it")


def _check_surveys(surveys: Mapping[str, _Survey], dataset: Dataset) -> None:
    for survey in surveys.values():
        if absent := survey.absent(dataset):
            raise RejectedFile(
                "MISSING_COLUMN", f"required fields are missing: {', '.join(absent)}", fix="ask the source"
            )


def _find_extras(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    known = "[" + ", ".join(literal(column.header) for column in dataset.columns) + "]"
    connection.execute(
        f"""
        insert into extra
        select sha256, row_number, map_from_entries(list_filter(map_entries(m), lambda e: not list_contains({known}, e.key)))
        from member
        where len(list_filter(map_keys(m), lambda k: not list_contains({known}, k))) > 0
        """
    )


def _write(batch: PageBatch, target: Path) -> dict[str, int]:
    """Write the Parquet file and return, by SHA-256 of the page, the number of rows that repeat an earlier row of their page."""
    connection, statement = batch.connection, _copy_statement(batch.dataset, target)
    connection.execute(statement)
    # almost no page has duplicates: to search for them only then costs one more write, and saves a sort of all rows in all other cases
    if not batch.may_repeat(target):
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


def _copy_statement(dataset: Dataset, target: Path) -> str:
    columns = ", ".join(normal(f'r."{column.header}"') + f" as {column.name}" for column in dataset.columns)
    return f"""
        copy (
            select {columns}, {lineage_columns("record.row_number")},
                duplicate.sha256 is not null as _is_duplicate, cast(to_json(extra.extra) as varchar) as _extra
            from record
            inner join lineage on record.sha256 = lineage._file_sha256
            left join duplicate on record.sha256 = duplicate.sha256 and record.row_number = duplicate.row_number
            left join extra on record.sha256 = extra.sha256 and record.row_number = extra.row_number
        ) to {literal(target)} (format parquet, compression zstd)
    """
