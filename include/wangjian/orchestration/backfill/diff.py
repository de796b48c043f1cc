"""Compare a build with what readers see: changed rows by table and month, and KPIs before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from wangjian.core.duckdb_memory import connect_beside
from wangjian.core.paths import DataRoot
from wangjian.publishing.content import Table, tables_of
from wangjian.publishing.kpi_history import KPI_KEY
from wangjian.publishing.reading import current_file, quoted

# the column that says to which month a row belongs: the first of these that the table has
_DATES = (
    "business_date", "period_start", "month_start", "discovered_at", "occurred_at", "filed_on", "inspected_on", "acted_on",
    "checked_on", "found_on", "valid_from", "date_on", "decided_on",
)  # fmt: skip


@dataclass(frozen=True)
class TableChange:
    """How many rows of a table and month were added, removed or changed. `month` is null if the table has no date."""

    table: str
    month: str | None
    added: int
    removed: int
    changed: int


@dataclass(frozen=True)
class KpiChange:
    """One KPI of one period and slice whose value changes."""

    key: dict[str, str]
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Difference:
    """The difference between the publication that readers see (`before`) and the build."""

    before: str | None
    tables: tuple[TableChange, ...]
    kpis: tuple[KpiChange, ...]


def difference(data: DataRoot) -> Difference:
    """Return the difference between the build and what readers see.

    Args:
        data: the data root.

    Returns:
        The difference; every row is added if nothing is published.
    """
    shown = current_file(data)
    # a connection in memory with both files attached read-only: comparing must change neither
    with connect_beside(data.warehouse) as connection:
        connection.execute(f"attach '{quoted(data.warehouse)}' as after (read_only)")
        if shown is None or not shown.exists():
            return Difference(None, tuple(_all_new(connection)), ())
        connection.execute(f"attach '{quoted(shown)}' as before (read_only)")
        old = {table.full_name: table for table in tables_of(connection, "before")}
        new = {table.full_name: table for table in tables_of(connection, "after")}
        # a table that only the build has is compared with nothing: all of its rows are added
        both = [(old[name], table) for name, table in new.items() if name in old]
        changes = [change for before, after in both for change in _table_changes(connection, before, after)]
        changes += _all_new(connection, [table for name, table in new.items() if name not in old])
        return Difference(shown.stem.removeprefix("warehouse-"), tuple(changes), tuple(_kpi_changes(connection)))


def _all_new(connection: duckdb.DuckDBPyConnection, tables: Iterable[Table] | None = None) -> Iterable[TableChange]:
    for table in tables if tables is not None else tables_of(connection, "after"):
        row = connection.execute(f"select count(*) from after.{table.full_name}").fetchone()
        if row and row[0]:
            yield TableChange(_plain(table), None, row[0], 0, 0)


def _plain(table: Table) -> str:
    return f"{table.schema}.{table.name}"


def _table_changes(connection: duckdb.DuckDBPyConnection, before: Table, after: Table) -> Iterable[TableChange]:
    """Yield the changes of a table by month, comparing the columns that both versions have.

    A removed row and an added row of the same month count as one changed row: this needs no key, which not every table has.
    """
    # a column that a new version adds would make every row a changed one
    names = [name for name, _ in after.columns if name in {column for column, _ in before.columns}]
    columns = ", ".join(f'"{name}"' for name in names)
    date = next((name for name in _DATES if name in names), None)
    month = f"strftime(\"{date}\", '%Y-%m')" if date else "null"
    rows = connection.execute(
        f"""
        -- `except all` keeps duplicates: a table without a key may hold equal rows, and each counts
        with gone as (select {columns} from before.{before.full_name} except all select {columns} from after.{after.full_name}),
        come as (select {columns} from after.{after.full_name} except all select {columns} from before.{before.full_name}),
        counted as (
            select {month} as month, 1 as gone, 0 as come from gone
            union all
            select {month}, 0, 1 from come
        )
        select month, sum(gone)::bigint, sum(come)::bigint from counted group by month order by month
        """
    ).fetchall()
    for month_of_rows, gone, come in rows:
        yield TableChange(_plain(after), month_of_rows, max(come - gone, 0), max(gone - come, 0), min(gone, come))


def _kpi_changes(connection: duckdb.DuckDBPyConnection) -> Iterable[KpiChange]:
    """Yield the changed KPIs of months, quarters and years. Those of days are counted among the changed rows of the table."""
    key = ", ".join(KPI_KEY)
    answer = connection.execute(
        f"""
        select {key}, earlier.value as before_value, later.value as after_value
        from before.reports.rpt_kpi as earlier
        full outer join after.reports.rpt_kpi as later using ({key})
        where earlier.value is distinct from later.value and period_type <> 'day'
        order by period_type, period_start, kpi_code, {key}
        """
    )
    names = [column[0] for column in answer.description or ()]
    for row in answer.fetchall():
        values: dict[str, Any] = dict(zip(names, row, strict=True))
        before, after = values.pop("before_value"), values.pop("after_value")
        yield KpiChange({name: str(value) for name, value in values.items()}, _number(before), _number(after))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
