"""From Spark's tables to the warehouse's file: check, publication and everything behind them go on as after a build by DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from wangjian.core.errors import WangjianError
from wangjian.core.files import fsync_path
from wangjian.core.paths import DataRoot
from wangjian.warehouse.spark.settings import BUILDING


@dataclass(frozen=True)
class Built:
    """A table that Spark built.

    Attributes:
        types: DuckDB's types by column, of the columns that have a contract.
        partition: the column whose values are names of folders; null where the files lie in one.
    """

    schema: str
    name: str
    types: Mapping[str, str]
    partition: str | None = None

    def files(self, tables: str) -> str:
        """A pattern of its files. Folders of other names are left over from statements that were killed."""
        folders = f"/{self.partition}=*" if self.partition else ""
        return f"{tables}/{self.schema}.db/{self.name}{folders}/*.parquet"

    def columns_alone(self, tables: str) -> str:
        """A pattern of the file without rows that tells its columns, where partitions are wanted and there is none."""
        return f"{tables}/{self.schema}.db/{self.name}__columns/*.parquet"


def built_tables(manifest: Mapping[str, Any]) -> Iterator[Built]:
    """The tables of a build.

    Args:
        manifest: dbt's manifest of it.
    """
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed") and node["config"]["materialized"] != "ephemeral":
            types = {name: column["data_type"] for name, column in node["columns"].items() if column.get("data_type")}
            yield Built(node["schema"], node["alias"], types, node["config"].get("partition_by"))


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
    files = table.files(tables)
    if table.partition and not _has_files(connection, files):
        files = table.columns_alone(tables)
    source = f"read_parquet('{files}', hive_partitioning = {table.partition is not None})"
    try:
        found = connection.sql(f"select * from {source}").columns
    except duckdb.IOException as error:
        fix = "see that WANGJIAN_SPARK_TABLES is the server's spark.sql.warehouse.dir, as this machine reaches it"
        raise WangjianError("the files of a table of Spark are not there", files=files, fix=fix) from error
    connection.execute(
        f'create table "{table.schema}"."{table.name}" as select {", ".join(_columns(table, found))} from {source}'
    )


def _has_files(connection: duckdb.DuckDBPyConnection, pattern: str) -> bool:
    return connection.execute("select count(*) > 0 from glob(?)", [pattern]).fetchone() == (True,)


def _columns(table: Built, found: Sequence[str]) -> Iterator[str]:
    """The select list, in the types of the contract. Of partitions the column comes last, and is a fact only where the contract has it."""
    wanted = [name for name in found if name != table.partition]
    if table.partition in table.types:
        wanted = list(table.types)
    for name in wanted:
        yield f'cast("{name}" as {table.types[name]}) as "{name}"' if name in table.types else f'"{name}"'
