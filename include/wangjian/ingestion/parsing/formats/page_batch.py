"""What both ways of reading JSON pages have in common: the pages, their lineage, and what is told of them."""

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
    """What a page held."""

    rows_read: int
    rows_duplicate: int
    declared_rows: int
    extra_columns: tuple[str, ...]


@dataclass(frozen=True)
class PageBatch:
    """Pages of one dataset that become one Parquet file, and the connection that reads them.

    Attributes:
        connection: has the pages' lineage as a table `lineage`.
        pages: several may be the same bytes under another date.
    """

    connection: duckdb.DuckDBPyConnection
    landing: Landing
    dataset: Dataset
    pages: Sequence[PageFile]

    def from_pages(self, kind: str) -> str:
        """What a query reads: a row a page, of `filename`, `total`, `dataset`, `business_date` and `records`.

        Args:
            kind: DuckDB's type of a record.
        """
        in_order = sorted(self.pages, key=lambda page: [str(value) for value in page.lineage])
        paths = list(dict.fromkeys(str(self.landing.path_of(page.sha256)) for page in in_order))
        largest = max(page.byte_size for page in self.pages) * 2 + 1024
        envelope = "'total': 'bigint', 'dataset': 'varchar', 'business_date': 'varchar'"
        return (
            f"read_json({paths}, format = 'unstructured', columns = {{{envelope}, 'records': {literal(f'{kind}[]')}}}, "
            f"filename = true, maximum_object_size = {largest})"
        )

    def may_repeat(self, target: Path) -> bool:
        """Whether some page has two rows of one key in what was written: only then two of its rows can be the same."""
        key = ", ".join(["_export_id", "_part", *self.dataset.key])
        found = self.connection.execute(
            # hashes are small; two keys of one hash only cost a second look
            f"select count(*) - count(distinct hash({key})) from read_parquet({literal(target)})"
        ).fetchone()
        return bool(found and found[0])


def connected(target: Path, pages: Sequence[PageFile]) -> duckdb.DuckDBPyConnection:
    """A connection that has the lineage of pages as a table `lineage`.

    Args:
        target: the file that is to be written.
        pages: its pages.
    """
    connection = connect_beside(target)
    # the rows flow through small tables that stand second in each join: in their order, and never all in memory
    connection.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
    _load_lineage(connection, pages)
    return connection


def _load_lineage(connection: duckdb.DuckDBPyConnection, pages: Sequence[PageFile]) -> None:
    import pyarrow as pa

    columns = list(zip(*(page.lineage for page in pages), strict=True))
    values = [pa.array(found, field.type) for found, field in zip(columns, FILE_LINEAGE, strict=True)]
    table = pa.table(values, schema=FILE_LINEAGE)
    connection.register("lineage_arrow", table)
    connection.execute("create temp table lineage as select * from lineage_arrow")
    connection.unregister("lineage_arrow")


def lineage_columns(row_number: str) -> str:
    """The columns of `LINEAGE`, from the table `lineage`.

    Args:
        row_number: SQL of the place of a row in its page.
    """
    return ", ".join(
        f"{row_number} as _row_number" if field.name == "_row_number" else f"lineage.{field.name}" for field in LINEAGE
    )


def normal(value: str) -> str:
    """SQL of a value as raw keeps it: without blanks around it, and null where nothing is left."""
    return f"nullif(trim({value}), '')"


def names_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """For `json.loads`: an object whose fields each come once.

    Raises:
        ValueError: one comes twice; which of its values counts, nobody can say.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"a field comes twice in one object: {sorted({n for n in names if names.count(n) > 1})}")
    return found


def literal(text: object) -> str:
    """Text as SQL writes it, with its quotes."""
    return "'" + str(text).replace("'", "''") + "'"
