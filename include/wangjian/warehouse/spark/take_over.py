"""Copy Spark's tables into the warehouse's file, so that check and publication are the same as after a build on DuckDB."""

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
        types: DuckDB's types of the columns with a contract, by column.
        partition: the column whose values name the folders of the files; null where all files are in one folder.
    """

    schema: str
    name: str
    types: Mapping[str, str]
    partition: str | None = None

    def files(self, tables: str) -> str:
        """Return a pattern of the table's files. It leaves out folders of other names, which killed statements left."""
        folders = f"/{self.partition}=*" if self.partition else ""
        return f"{tables}/{self.schema}.db/{self.name}{folders}/*.parquet"

    def columns_alone(self, tables: str) -> str:
        """Return a pattern of the file without rows that has the table's columns, for a table without any partition."""
        return f"{tables}/{self.schema}.db/{self.name}__columns/*.parquet"


def built_tables(manifest: Mapping[str, Any]) -> Iterator[Built]:
    """Yield the tables of a build.

    Args:
        manifest: dbt's manifest of the build.
    """
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed") and node["config"]["materialized"] != "ephemeral":
            types = {name: column["data_type"] for name, column in node["columns"].items() if column.get("data_type")}
            yield Built(node["schema"], node["alias"], types, node["config"].get("partition_by"))


def take_over(data: DataRoot, tables: str, manifest: Mapping[str, Any]) -> None:
    """Replace the warehouse in one step by one that is made from Spark's Parquet files.

    Args:
        data: the data root; the caller holds the warehouse's lock.
        tables: Spark's `spark.sql.warehouse.dir`, as DuckDB sees it.
        manifest: dbt's manifest of the build.

    Raises:
        WangjianError: a table's files do not exist.
    """
    building = data.warehouse.with_name(f"{data.warehouse.name}{BUILDING}")
    building.unlink(missing_ok=True)
    with duckdb.connect(str(building)) as connection:
        for table in sorted(built_tables(manifest), key=lambda built: (built.schema, built.name)):
            connection.execute(f'create schema if not exists "{table.schema}"')
            _copy(connection, tables, table)
    # fsync before the rename: after a power cut the name must not point at an empty file
    fsync_path(building)
    # DuckDB would apply the old file's log to the new file
    data.warehouse.with_name(f"{data.warehouse.name}.wal").unlink(missing_ok=True)
    building.replace(data.warehouse)
    fsync_path(data.root)


def _copy(connection: duckdb.DuckDBPyConnection, tables: str, table: Built) -> None:
    files = table.files(tables)
    if table.partition and not _has_files(connection, files):
        files = table.columns_alone(tables)
    source = f"read_parquet('{files}', hive_partitioning = {table.partition is not None})"
    try:
        columns = connection.sql(f"select * from {source}").columns
    except duckdb.IOException as error:
        fix = "set WANGJIAN_SPARK_TABLES to the server's spark.sql.warehouse.dir, as this machine sees it"
        raise WangjianError("the files of a Spark table do not exist", files=files, fix=fix) from error
    connection.execute(
        f'create table "{table.schema}"."{table.name}" as select {", ".join(_columns(table, columns))} from {source}'
    )


def _has_files(connection: duckdb.DuckDBPyConnection, pattern: str) -> bool:
    return connection.execute("select count(*) > 0 from glob(?)", [pattern]).fetchone() == (True,)


def _columns(table: Built, columns: Sequence[str]) -> Iterator[str]:
    """Yield the select list, with the types of the contract.

    Spark puts the partition column last, and adds one that the contract may not have: the contract decides about both.
    """
    wanted = [name for name in columns if name != table.partition]
    if table.partition in table.types:
        wanted = list(table.types)
    for name in wanted:
        yield f'cast("{name}" as {table.types[name]}) as "{name}"' if name in table.types else f'"{name}"'
