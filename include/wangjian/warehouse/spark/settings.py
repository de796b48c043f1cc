"""Read from the environment which engine builds the warehouse, and where Spark is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from wangjian.core.errors import BadArguments
from wangjian.core.paths import PROJECT_ROOT, DataRoot
from wangjian.core.settings import settings
from wangjian.warehouse.spark.cluster import Size

SPARK_FOLDER = "spark"
"""The folder in `scratch/` for logs, work files and tables of a Spark that a build starts."""
BUILDING = ".building"
"""The suffix of a warehouse file that is being made from Spark's tables."""

EngineName = Literal["duckdb", "spark"]


def engine() -> EngineName:
    """Return the engine that builds the warehouse: `$WANGJIAN_ENGINE`, or `duckdb` where it is not set.

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
        venv: the environment with dbt-spark, and with Spark itself where a build starts one.
        server: host and port of a running Thrift server; null: the build starts a Spark on this machine.
        raw: the path of the data root's folder `raw/`, as Spark sees it.
        tables: the folder of Spark's tables (`spark.sql.warehouse.dir`), as DuckDB on this machine sees it.
        size: the size of a Spark that the build starts.
    """

    venv: Path
    server: tuple[str, int] | None
    raw: str
    tables: str
    size: Size


def spark_settings(data: DataRoot) -> SparkSettings:
    """Return the environment's settings of Spark.

    Args:
        data: the data root.

    Raises:
        BadArguments: the address is not valid, or a running server is given without its tables.
    """
    given = settings()
    server, tables = _server(given.spark_server), given.spark_tables
    if server and not tables:
        fix = "set WANGJIAN_SPARK_TABLES to the server's spark.sql.warehouse.dir, as this machine sees it"
        raise BadArguments("the folder of the Spark server's tables is not set", fix=fix)
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
        raise BadArguments(
            f"the address of the Spark server is not host:port: {address!r}",
            fix="set WANGJIAN_SPARK_SERVER to host:port",
        )
    return host, int(port)
