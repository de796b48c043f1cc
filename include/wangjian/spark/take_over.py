"""From Spark's tables to the warehouse's file: check, publication and everything behind them go on as after a build by DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from wangjian.errors import WangjianError
from wangjian.files import fsync_path
from wangjian.paths import DataRoot
from wangjian.spark.settings import BUILDING


@dataclass(frozen=True)
class Built:
    """A table that Spark built.

    Attributes:
        types: DuckDB's types by column, of the columns that have a contract.
    """

    schema: str
    name: str
    types: Mapping[str, str]


def built_tables(manifest: Mapping[str, Any]) -> Iterator[Built]:
    """The tables of a build.

    Args:
        manifest: dbt's manifest of it.
    """
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed") and node["config"]["materialized"] != "ephemeral":
            types = {name: column["data_type"] for name, column in node["columns"].items() if column.get("data_type")}
            yield Built(node["schema"], node["alias"], types)


def take_over(data: DataRoot, tables: str, manifest: Mapping[str, Any]) -> None:
    """Put a warehouse made of Spark's Parquet files in the place of the present one, in one step.

    Args:
        data: the data root; the caller holds the warehouse's lock.
        tables: Spark's `spark.sql.warehouse.dir`, as DuckDB reaches it.
        manifest: dbt's manifest of the build.

    Raises:
        WangjianError: a table's files are not there.
    """
    building = data.warehouse.with_name(f"{data.warehouse.name}{BUILDING}")
    building.unlink(missing_ok=True)
    with duckdb.connect(str(building)) as connection:
        for table in sorted(built_tables(manifest), key=lambda found: (found.schema, found.name)):
            connection.execute(f'create schema if not exists "{table.schema}"')
            _copy(connection, tables, table)
    fsync_path(building)
    # the old one's log would be taken for the new one's
    data.warehouse.with_name(f"{data.warehouse.name}.wal").unlink(missing_ok=True)
    building.replace(data.warehouse)
    fsync_path(data.root)


def _copy(connection: duckdb.DuckDBPyConnection, tables: str, table: Built) -> None:
    files = f"{tables}/{table.schema}.db/{table.name}/*.parquet"
    try:
        found = connection.sql(f"select * from read_parquet('{files}')").columns
    except duckdb.IOException as error:
        mend = "see that WANGJIAN_SPARK_TABLES is the server's spark.sql.warehouse.dir, as this machine reaches it"
        raise WangjianError("the files of a table of Spark are not there", files=files, mend=mend) from error
    columns = ", ".join(
        f'cast("{name}" as {table.types[name]}) as "{name}"' if name in table.types else f'"{name}"' for name in found
    )
    connection.execute(
        f'create table "{table.schema}"."{table.name}" as select {columns} from read_parquet(\'{files}\')'
    )
