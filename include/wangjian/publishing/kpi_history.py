"""Keep the KPIs of each publication, and report those that changed later.

`state/kpis/<publication_id>.parquet` holds the values that are new or differ from the publication before.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa

from wangjian.core.files import written_atomically
from wangjian.core.paths import DataRoot
from wangjian.publishing.reading import quoted
from wangjian.state import Publication
from wangjian.warehouse.grain import key_of

KPI_KEY = key_of("rpt_kpi")
TABLE = "rpt_kpi_restatement"
_KEY = ", ".join(KPI_KEY)
_RESTATEMENT = Path(__file__).with_name("kpi_restatement.sql")
# Without days: the bureau reports months, quarters and years, and a daily value is only the state of one moment.
_PRESENT = f"select {_KEY}, value from warehouse.reports.rpt_kpi where period_type <> 'day'"


def has_kpis(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the attached warehouse has a table of KPIs.

    Args:
        connection: DuckDB with `warehouse` attached.
    """
    row = connection.execute(
        "select count(*) from duckdb_tables() where database_name = 'warehouse' and table_name = 'rpt_kpi'"
    ).fetchone()
    return bool(row and row[0])


def record_kpis(
    connection: duckdb.DuckDBPyConnection, data: DataRoot, earlier: Iterable[Publication], publication: Publication
) -> None:
    """Record the KPIs that a publication shows for the first time, or with another value than the one before.

    Args:
        connection: DuckDB with `warehouse` attached.
        data: the data root.
        earlier: the publications before it.
        publication: the publication that is being made. If it crashes, the next one writes the same file again.
    """
    # A full join below: a KPI that no longer exists is recorded with a null.
    _register(connection, data, earlier)
    with written_atomically(_file(data, publication)) as temporary:
        connection.execute(
            f"""
            copy (
                with last as (
                    select {_KEY}, last(value order by published_at) as value from kpi_record group by {_KEY}
                )
                select {", ".join(f"coalesce(present.{name}, last.{name}) as {name}" for name in KPI_KEY)}, present.value
                from ({_PRESENT}) as present
                full outer join last on {" and ".join(f"present.{name} = last.{name}" for name in KPI_KEY)}
                where present.kpi_code is null and last.value is not null
                    or last.kpi_code is null
                    or present.kpi_code is not null and present.value is distinct from last.value
                order by {_KEY}
            ) to '{quoted(temporary)}' (format parquet, compression zstd)
            """
        )


def write_restatement(
    connection: duckdb.DuckDBPyConnection, data: DataRoot, earlier: Iterable[Publication], publication: Publication
) -> None:
    """Write `reports.rpt_kpi_restatement` into the new file: KPIs as first published and as known now.

    Args:
        connection: DuckDB with `warehouse` and `building` attached.
        data: the data root.
        earlier: the publications before it.
        publication: the publication that is being made; its KPIs are recorded.
    """
    _register(connection, data, [*earlier, publication])
    connection.execute(_RESTATEMENT.read_text(encoding="utf-8").format(table=TABLE, key=_KEY))


def _register(connection: duckdb.DuckDBPyConnection, data: DataRoot, publications: Iterable[Publication]) -> None:
    """Create the temporary tables `kpi_publication` and `kpi_record` with the recorded KPIs of these publications."""
    # A publication of an older version has no file.
    known = [publication for publication in publications if _file(data, publication).exists()]
    names = ("publication_id", "run_id", "as_of", "published_at")
    types = (pa.string(), pa.string(), pa.date32(), pa.timestamp("us", tz="UTC"))
    columns = [pa.array([getattr(item, name) for item in known], kind) for name, kind in zip(names, types, strict=True)]
    connection.register("kpi_publication_arrow", pa.Table.from_arrays(columns, names=list(names)))
    connection.execute("create or replace temp table kpi_publication as select * from kpi_publication_arrow")
    connection.unregister("kpi_publication_arrow")
    columns_of = f"{_KEY}, value, parse_filename(filename, true) as publication_id"
    source = f"read_parquet({[str(_file(data, item)) for item in known]}, filename = true)" if known else None
    records = (
        f"select {columns_of} from {source}"
        if source
        else f"select {_KEY}, value, '' as publication_id from ({_PRESENT}) where false"
    )
    connection.execute(
        f"""
        create or replace temp table kpi_record as
        select records.*, publications.run_id, publications.as_of, publications.published_at
        from ({records}) as records
        inner join kpi_publication as publications using (publication_id)
        """
    )


def _file(data: DataRoot, publication: Publication) -> Path:
    return data.state / "kpis" / f"{publication.publication_id}.parquet"
