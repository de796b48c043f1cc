"""`make bench`: one run over the demonstration year, stage by stage, with a plain script's floor beside it.

The stages run one after the other, each in a process of its own, so that seconds and memory are the stage's own. One more
day then goes through Airflow, to tell the work from Airflow's start-up and scheduling.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import click
import duckdb

from bench.measure import Cost, run
from bench.report import Report
from bench.through_airflow import Orchestrated, day_through_airflow
from wangjian.local.simulators import simulators
from wangjian.paths import DataRoot
from wangjian.sources.registry import load_registry
from wangjian.state import runs

DAY = click.DateTime(formats=["%Y-%m-%d"])


class Stages:
    """Runs the stages over one range and keeps what each cost."""

    def __init__(self, data: DataRoot, environment: dict[str, str], log: Path) -> None:
        self._data, self._environment, self._log = data, environment, log

    def over(self, first: date, last: date) -> dict[str, Cost]:
        """Fetch, parse, build, check and publish a range, in this order."""
        costs = {}
        for source in load_registry():
            costs[f"ingest {source}"] = self._step("ingest", source, "--from", str(first), "--to", str(last))
        for source in load_registry():
            costs[f"parse {source}"] = self._step("parse", source)
        for step in ("build", "check", "publish"):
            costs[step] = self._step(step)
        return costs

    def _step(self, *arguments: str) -> Cost:
        cost = self.command("wangjian", *arguments)
        last = runs(self._data)[-1]
        return replace(cost, files=last.files, rows=last.rows)

    def command(self, module: str, *arguments: str) -> Cost:
        """Run one module of ours."""
        click.echo(f"  … {module} {' '.join(arguments)}", err=True)
        return run([sys.executable, "-m", module, *arguments], self._environment, self._log)


@click.command()
@click.option("--from", "start", type=DAY, default="2023-01-01", show_default=True)
@click.option("--to", "end", type=DAY, default="2023-12-31", show_default=True)
@click.option("--scale", default="1.0", show_default=True, help="1.0 is the city in full")
@click.option("--airflow/--no-airflow", default=True, show_default=True, help="also send the last day through Airflow")
def main(start: date, end: date, scale: str, airflow: bool) -> None:
    """Measure the year but its last two days, the day before the last, and the last day through Airflow."""
    first, last = start.date(), end.date()  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory(prefix="wangjian-bench-") as folder:
        report = measure(DataRoot(Path(folder) / "data"), first, last, scale, through_airflow=airflow)
    click.echo(report.text())


def measure(data: DataRoot, first: date, last: date, scale: str, *, through_airflow: bool) -> Report:
    """Run everything once.

    Args:
        data: an empty data root.
        first: first business date of the simulated world.
        last: last business date; at least three days after the first.
        scale: 1.0 is the city in full.
        through_airflow: whether the last day goes through Airflow.

    Returns:
        What it cost.
    """
    data.root.mkdir(parents=True)
    with simulators(data, str(first), str(last), scale=scale) as connections:
        plain = data.root.parent / "plain"
        environment = {**os.environ, **connections, "WANGJIAN_DATA": str(data.root), "BENCH_PLAIN": str(plain)}
        stages = Stages(data, environment, data.root.parent / "stages.log")
        until = last - timedelta(days=2)
        year = stages.over(first, until)
        floor = {step: stages.command("bench.plain", step) for step in ("parse", "build")}
        _same_rows(data.warehouse, plain / "plain.duckdb")
        day = stages.over(until + timedelta(days=1), until + timedelta(days=1))
        orchestrated: Orchestrated | None = day_through_airflow(data, connections, last) if through_airflow else None
    return Report((first, until), year, day, floor, orchestrated)


def _same_rows(warehouse: Path, plain: Path) -> None:
    """The floor counts only if it did the same work: every mart has as many rows as the warehouse's."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        connection.execute(f"attach '{plain}' as plain (read_only)")
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'warehouse' and schema_name = 'marts'"
        ).fetchall()
        for (table,) in tables:
            counts = connection.execute(
                f"select (select count(*) from warehouse.marts.{table}), (select count(*) from plain.marts.{table})"
            ).fetchone()
            if not counts or counts[0] != counts[1]:
                sys.exit(f"✘ the plain build of {table} has other rows than the warehouse: {counts}")


if __name__ == "__main__":
    main()
