"""The parts that both readers of JSON pages share: the pages, their lineage, the outcome of each page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from wangjian.core.duckdb_memory import connect_beside
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing.raw import FILE_LINEAGE, LINEAGE
from wangjian.ingestion.sources.contract import Dataset


@dataclass(frozen=True)
class PageFile:
    """One landed page: its lineage values in the order of `FILE_LINEAGE`."""

    sha256: str
    byte_size: int
    lineage: tuple[object, ...]


@dataclass(frozen=True)
class PageOutcome:
    """The counts of a parsed page, and its unknown columns."""

    rows_read: int
    rows_duplicate: int
    declared_rows: int
    extra_columns: tuple[str, ...]


@dataclass(frozen=True)
class PageBatch:
    """Pages of one dataset that become one Parquet file, and the connection that reads them.

    Attributes:
        connection: a connection that has the pages' lineage as the table `lineage`.
        pages: the pages; several may be the same bytes under different dates.
    """

    connection: duckdb.DuckDBPyConnection
    landing: Landing
    dataset: Dataset
    pages: Sequence[PageFile]

    def from_pages(self, kind: str) -> str:
        """Return SQL to select from: a row per page with `filename`, `total`, `dataset`, `business_date` and `records`.

        Args:
            kind: DuckDB's type of a record.
        """
        # in the order of the lineage: the same pages then give the same file
        in_order = sorted(self.pages, key=lambda page: [str(value) for value in page.lineage])
        paths = list(dict.fromkeys(str(self.landing.path_of(page.sha256)) for page in in_order))
        # DuckDB refuses a document above this size, and its default is smaller than a large page
        largest = max(page.byte_size for page in self.pages) * 2 + 1024
        envelope = "'total': 'bigint', 'dataset': 'varchar', 'business_date': 'varchar'"
        return (
            f"read_json({paths}, format = 'unstructured', columns = {{{envelope}, 'records': {literal(f'{kind}[]')}}}, "
            f"filename = true, maximum_object_size = {largest})"
        )

    def may_repeat(self, target: Path) -> bool:
        """Return whether a page in the written file may have two rows with one key: only then can two rows be the same."""
        key = ", ".join(["_export_id", "_part", *self.dataset.key])
        row = self.connection.execute(
            # hashes take less memory than keys; two keys with one hash only cost a needless search for duplicates
            f"select count(*) - count(distinct hash({key})) from read_parquet({literal(target)})"
        ).fetchone()
        return bool(row and row[0])


def connected(target: Path, pages: Sequence[PageFile]) -> duckdb.DuckDBPyConnection:
    """Return a connection that has the lineage of pages as the table `lineage`.

    Args:
        target: the file to write; the connection puts its temporary files next to it.
        pages: the pages of that file.
    """
    connection = connect_beside(target)
    # the queries put the small table second in each join: without a change of the order the rows stay in their order and never all
    # have to be in memory
    connection.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
    _load_lineage(connection, pages)
    return connection


def _load_lineage(connection: duckdb.DuckDBPyConnection, pages: Sequence[PageFile]) -> None:
    import pyarrow as pa

    columns = list(zip(*(page.lineage for page in pages), strict=True))
    values = [pa.array(column, field.type) for column, field in zip(columns, FILE_LINEAGE, strict=True)]
    table = pa.table(values, schema=FILE_LINEAGE)
    connection.register("lineage_arrow", table)
    connection.execute("create temp table lineage as select * from lineage_arrow")
    connection.unregister("lineage_arrow")


def lineage_columns(row_number: str) -> str:
    """Return SQL of the columns of `LINEAGE`, from the table `lineage`.

    Args:
        row_number: SQL of the place of a row in its page.
    """
    return ", ".join(
        f"{row_number} as _row_number" if field.name == "_row_number" else f"lineage.{field.name}" for field in LINEAGE
    )


def normal(value: str) -> str:
    """Return SQL of a value as raw stores it: trimmed, and null for blank."""
    return f"nullif(trim({value}), '')"


def names_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object as a dictionary, for `json.loads`.

    Raises:
        ValueError: a field comes twice, so that it is not clear which of its values counts.
    """
    # `json.loads` alone would take the last value without a word
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"a field comes twice in one object: {sorted({n for n in names if names.count(n) > 1})}")
    return content


def literal(text: object) -> str:
    """Return a text as an SQL literal, with its quotes."""
    return "'" + str(text).replace("'", "''") + "'"
