"""Build on Spark with the same models, then make the warehouse's file from Spark's tables. Reasons: docs/decisions/spark.md."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wangjian.core.paths import DataRoot
from wangjian.ingestion.fetching.fetch import Progress
from wangjian.warehouse.dbt import Engine, load_manifest, run_dbt
from wangjian.warehouse.dbt_results import failed
from wangjian.warehouse.spark.cluster import local_spark
from wangjian.warehouse.spark.host_names import write_host_names
from wangjian.warehouse.spark.settings import SPARK_FOLDER, SparkSettings, spark_settings
from wangjian.warehouse.spark.take_over import take_over


def build_on_spark(
    data: DataRoot, variables: str, *, may_increment: bool, progress: Progress | None = None
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Build on Spark; when all nodes succeed, copy the tables into the warehouse's file.

    Args:
        data: the data root. The caller holds the warehouse's lock, and has written the files that the build reads.
        variables: `--vars …` for dbt, or an empty text.
        may_increment: whether partitions of the last build may stay. A server that does not have its tables builds them all.
        progress: called when a node has finished.

    Returns:
        dbt's results, one per node, failed nodes included; and dbt's manifest.

    Raises:
        BadArguments: the settings are wrong.
        WangjianError: Spark did not start, dbt broke off, or a table's files do not exist.
    """
    settings = spark_settings(data)
    write_host_names(data)
    with _server(data, settings) as (host, port):
        environment = {
            "WANGJIAN_SPARK_HOST": host,
            "WANGJIAN_SPARK_PORT": str(port),
            "WANGJIAN_SPARK_RAW": settings.raw,
        }
        engine = Engine("spark", (str(settings.venv / "bin" / "dbt"),), environment)
        results = run_dbt(data, f"build{'' if may_increment else ' --full-refresh'}{variables}", progress, engine)
        manifest = load_manifest(data, engine)
        if not failed(results):
            take_over(data, settings.tables, manifest)
    return results, manifest


@contextmanager
def _server(data: DataRoot, settings: SparkSettings) -> Iterator[tuple[str, int]]:
    """Yield the configured Thrift server, or one that is started for this build and removed with all its files."""
    if settings.server:
        yield settings.server
        return
    folder = data.scratch / SPARK_FOLDER
    try:
        with local_spark(settings.venv, folder, Path(settings.tables), settings.size) as spark:
            yield "127.0.0.1", spark.port
    finally:
        # these files hold personal data
        for path in (Path(settings.tables), *folder.glob("worker-*"), folder / "local"):
            shutil.rmtree(path, ignore_errors=True)
