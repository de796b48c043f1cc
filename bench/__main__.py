"""Measure one run over the demonstration year, stage by stage, and a plain script on the same files: `make bench`.

The city comes from the simulated sources. One more day goes through Airflow, to separate the work from Airflow's start-up and
scheduling. Province and nation are copies of the city, written directly to landing: the measurement does not include the network.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import click

from bench.history import histories
from bench.measure import Cost
from bench.peers import loading, plain_dbt
from bench.queries import latencies
from bench.records import write_record
from bench.report import Report
from bench.scales import SCALES, Scale
from bench.stages import Stages, share
from bench.through_airflow import Orchestrated, day_through_airflow
from bench.worlds import days_between, land_city, land_copies
from wangjian.core.paths import DBT_PROJECT, DataRoot
from wangjian.deployment.local.simulators import simulators

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.option("--scale", "name", type=click.Choice(list(SCALES)), default="city", show_default=True)
@click.option("--from", "start", type=DAY, default="2023-01-01", show_default=True)
@click.option("--to", "end", type=DAY, default="2023-12-31", show_default=True)
@click.option("--world", default="1.0", show_default=True, help="scale of the simulated city; 1.0 is the whole city")
@click.option(
    "--airflow/--no-airflow", default=True, show_default=True, help="city: also send the last day through Airflow"
)
@click.option(
    "--full", is_flag=True, help="also other tools on the same files, and one more day after 1 and 36 months of history"
)
@click.option(
    "--folder", type=click.Path(path_type=Path), help="work in this folder and keep it; default: a temporary folder"
)
@click.option("--record", type=click.Path(path_type=Path), help="write the result to this folder, as JSON")
def main(
    name: str, start: date, end: date, world: str, airflow: bool, full: bool, folder: Path | None, record: Path | None
) -> None:
    """Measure the year without its last two days, then the day before the last; in the city also the last day through Airflow."""
    first, last = start.date(), end.date()  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory(prefix="wangjian-bench-") as temporary:
        place = folder or Path(temporary)
        if name == "city":
            report = measure(DataRoot(place / "data"), first, last, world, through_airflow=airflow)
        else:
            report = measure_copies(place, SCALES[name], first, last, world)
        if full:
            report = with_peers(report, place)
    click.echo(report.text())
    if record:
        click.echo(f"record: {write_record(record, report)}")


def measure(data: DataRoot, first: date, last: date, world: str, *, through_airflow: bool) -> Report:
    """Run everything once over the city and return what it cost.

    Args:
        data: an empty data root.
        first: first business date of the simulated world.
        last: last business date; at least three days after the first.
        world: its scale; 1.0 is the whole city.
        through_airflow: whether the last day goes through Airflow.
    """
    data.root.mkdir(parents=True)
    with simulators(data, str(first), str(last), scale=world) as connections:
        stages = _stages(data, connections)
        until = last - timedelta(days=2)
        year = stages.fetched(first, until) | stages.processed()
        # before one more day is added: the floor must have exactly the files of the year
        floor, models = stages.floor(), stages.slowest_models()
        more = until + timedelta(days=1)
        day = stages.fetched(more, more) | stages.processed()
        queries, start_up = latencies(data.published / "warehouse.duckdb"), _dbt_start_up(stages)
        orchestrated: Orchestrated | None = day_through_airflow(data, connections, last) if through_airflow else None
    return Report("city", (first, until), year, day, floor, start_up, queries, _disk(data), models, orchestrated)


def measure_copies(folder: Path, scale: Scale, first: date, last: date, world: str) -> Report:
    """Run everything once over copies of the city and return what it cost; the roster is that of the last month.

    Args:
        folder: the folder for all files; exports that an earlier run landed there are used again.
        scale: how many copies.
        first: first business date.
        last: last business date, in the same month as the two before.
        world: the scale of the city.
    """
    # writing the nation's landing zone takes ten minutes: a second run of the same folder skips it
    city, large = DataRoot(folder / "city"), DataRoot(folder / scale.name)
    if not large.landing.exists():
        city = city if city.landing.exists() else land_city(city.root, first, last, world)
        land_copies(city, large.root, scale, last)
    data, until = DataRoot(folder / f"{scale.name}-measured"), last - timedelta(days=2)
    share(large, data, days_between(first, until))
    stages = _stages(data, {})
    year = stages.processed()
    floor, models = stages.floor(), stages.slowest_models()
    share(large, data, [until + timedelta(days=1)])
    day = stages.processed()
    queries, start_up = latencies(data.published / "warehouse.duckdb"), _dbt_start_up(stages)
    return Report(scale.name, (first, until), year, day, floor, start_up, queries, _disk(data), models)


def with_peers(report: Report, folder: Path) -> Report:
    """Return the report with the costs of other tools; in the city also with a day after one month and after three years.

    Args:
        report: the report of a run.
        folder: the folder of the run.
    """
    data = DataRoot(folder / ("data" if report.scale == "city" else f"{report.scale}-measured"))
    peers = loading(data, os.environ, folder / "peers")
    peers["dbt"] = plain_dbt(data, os.environ, folder / "peers")
    daily = histories(folder / "histories") if report.scale == "city" else ()
    return replace(report, peers=peers, daily=daily)


def _stages(data: DataRoot, connections: Mapping[str, str]) -> Stages:
    plain = str(data.root.with_name("plain"))
    environment = {**os.environ, **connections, "WANGJIAN_DATA": str(data.root), "BENCH_PLAIN": plain}
    return Stages(data, environment, data.root.with_name("stages.log"))


def _dbt_start_up(stages: Stages) -> Cost:
    """Return the cost of dbt's start without a model to build: no change of the SQL can make it smaller."""
    places = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    return stages.command("wangjian.warehouse.dbt_process", "ls", "--quiet", "--select", "int_as_of", *places)


def _disk(data: DataRoot) -> dict[str, int]:
    """Return the bytes on disk by kind of data."""
    objects = (data.landing / "objects").resolve()
    files = {"landing": objects, "raw": data.raw, "warehouse": data.warehouse, "published": data.published}
    return {name: _size(path) for name, path in files.items()}


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())


if __name__ == "__main__":
    main()
