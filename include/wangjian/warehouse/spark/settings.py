"""Which engine builds the warehouse, and where Spark is: from the environment, as an administrator sets it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from wangjian.core.errors import BadArguments
from wangjian.core.paths import PROJECT_ROOT, DataRoot
from wangjian.core.settings import settings
from wangjian.warehouse.spark.cluster import Size

SPARK_FOLDER = "spark"
"""Below `scratch/`: the logs, work files and tables of a Spark that a build starts."""
BUILDING = ".building"
"""Ends the name of a warehouse that is being made of Spark's tables."""

EngineName = Literal["duckdb", "spark"]


def engine() -> EngineName:
    """The engine that builds the warehouse: `$WANGJIAN_ENGINE`, `duckdb` where it is not set.

    Raises:
        BadArguments: there is no such engine.
    """
    name = settings().engine
    if name not in get_args(EngineName):
        raise BadArguments(f"there is no engine {name!r}", fix="set WANGJIAN_ENGINE to duckdb or spark")
    return cast("EngineName", name)


@dataclass(frozen=True)
class SparkSettings:
    """Where Spark is, and where it reads and writes.

    Attributes:
        venv: the environment that has dbt-spark, and Spark itself where one is started.
        server: host and port of a Thrift server that is there already; null: a Spark is started on this machine for the build.
        raw: the folder `raw/` of the data root, as Spark sees it.
        tables: where Spark keeps its tables (`spark.sql.warehouse.dir`), as DuckDB sees it on this machine.
        size: of a Spark that is started.
    """

    venv: Path
    server: tuple[str, int] | None
    raw: str
    tables: str
    size: Size


def spark_settings(data: DataRoot) -> SparkSettings:
    """What the environment says of Spark.

    Args:
        data: the data root.

    Raises:
        BadArguments: an address is none, or an existing server is named without its tables.
    """
    given = settings()
    server, tables = _server(given.spark_server), given.spark_tables
    if server and not tables:
        fix = "set WANGJIAN_SPARK_TABLES to its spark.sql.warehouse.dir, as this machine reaches it"
        raise BadArguments("nobody says where the Spark server keeps its tables", fix=fix)
    return SparkSettings(
        given.spark_venv or PROJECT_ROOT / ".venv-spark",
        server,
        given.spark_raw or str(data.raw),
        (tables if server else None) or str(data.scratch / SPARK_FOLDER / "tables"),
        Size(
            driver_memory=given.spark_driver_memory or Size.driver_memory,
            workers=given.spark_workers or Size.workers,
            worker_memory=given.spark_worker_memory or Size.worker_memory,
        ),
    )


def _server(address: str | None) -> tuple[str, int] | None:
    if not address:
        return None
    host, colon, port = address.rpartition(":")
    if not (host and colon and port.isdigit()):
        raise BadArguments(f"no address: {address!r}", fix="set WANGJIAN_SPARK_SERVER to host:port")
    return host, int(port)
