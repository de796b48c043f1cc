"""Run the stages, each in its own process, so that the measured seconds and memory are the stage's alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import click
import duckdb

from bench.measure import Cost, run
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.registry import load_registry
from wangjian.state import runs
from wangjian.warehouse.dbt import work_folder
from wangjian.warehouse.dbt_results import is_test, node_name


class Stages:
    """Runs the stages on a data root, one after the other, and measures each.

    Args:
        data: the data root.
        environment: the whole environment of each process.
        log: the file to which their output is added.
    """

    def __init__(self, data: DataRoot, environment: Mapping[str, str], log: Path) -> None:
        self._data, self._environment, self._log = data, environment, log

    def fetched(self, first: date, last: date) -> dict[str, Cost]:
        """Fetch a range of days from the sources and return the cost of each."""
        return {
            f"ingest {source}": self._step("ingest", source, "--from", str(first), "--to", str(last))
            for source in load_registry()
        }

    def processed(self) -> dict[str, Cost]:
        """Parse, build, check and publish what is landed, and return the cost of each stage in this order."""
        costs = {f"parse {source}": self._step("parse", source) for source in load_registry()}
        return costs | {step: self._step(step) for step in ("build", "check", "publish")}

    def floor(self) -> dict[str, Cost]:
        """Return what a plain script costs for the same files and the same tables.

        Raises:
            SystemExit: its tables have other row counts than the warehouse.
        """
        # another process, so that its memory is measured like that of a stage
        costs = {step: self.command("bench.plain", step) for step in ("parse", "build")}
        same_rows(self._data.warehouse, Path(self._environment["BENCH_PLAIN"]) / "plain.duckdb")
        return costs

    def slowest_models(self) -> dict[str, float]:
        """Return the seconds of the twelve slowest models of the last build; dbt runs two models at a time."""
        results = json.loads((work_folder(self._data) / "run_results.json").read_text())["results"]
        seconds = {node_name(result): float(result["execution_time"]) for result in results if not is_test(result)}
        return dict(sorted(seconds.items(), key=lambda item: -item[1])[:12])

    def command(self, module: str, *arguments: str) -> Cost:
        """Run a module of the project and return what it cost."""
        click.echo(f"  … {module} {' '.join(arguments)}", err=True)
        return run([sys.executable, "-m", module, *arguments], self._environment, self._log)

    def _step(self, *arguments: str) -> Cost:
        cost = self.command("wangjian", *arguments)
        # the step has just recorded its counts in the state
        last = runs(self._data)[-1]
        return replace(cost, files=last.files, rows=last.rows)


def share(source: DataRoot, data: DataRoot, dates: Iterable[date]) -> None:
    """Land the exports of some days from another data root; both share the files.

    Args:
        source: the data root that has the exports.
        data: the data root that gets them.
        dates: business dates.
    """
    # a link: copies of the nation's files would need their disk space a second time
    data.landing.mkdir(parents=True, exist_ok=True)
    if not (data.landing / "objects").exists():
        (data.landing / "objects").symlink_to(source.landing / "objects")
    for manifest in Landing(source.landing).exports(dates=frozenset(dates)):
        Landing(data.landing).commit(manifest)


def same_rows(warehouse: Path, plain: Path) -> None:
    """Stop if a mart of the plain script has another number of rows than the warehouse's.

    Without the same work the comparison of their times would mean nothing.

    Raises:
        SystemExit: a mart has another number of rows.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        connection.execute(f"attach '{plain}' as plain (read_only)")
        tables = connection.execute(
            "select table_name from information_schema.tables where table_catalog = 'warehouse' and table_schema = 'marts'"
        ).fetchall()
        for (table,) in tables:
            counts = connection.execute(
                f"select (select count(*) from warehouse.marts.{table}), (select count(*) from plain.marts.{table})"
            ).fetchone()
            if not counts or counts[0] != counts[1]:
                sys.exit(
                    f"✘ marts.{table}: rows in the warehouse and in the plain build are not the same: {counts} "
                    "→ bench/plain.py must do the same work"
                )
