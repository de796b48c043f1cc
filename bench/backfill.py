"""Compare one backfill of a year with its days one by one: `make bench-backfill`.

The backfill and the days go through Airflow's DAGs, from the same simulated sources into fresh data roots. Only the first days of the year are
measured, and the time of all its days is computed from them. These days have the least history behind them, so the true ratio is larger.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import click
import httpx

from wangjian.core.paths import DataRoot
from wangjian.deployment.local import airflow as af
from wangjian.deployment.local.progress import Watch
from wangjian.deployment.local.simulators import simulators
from wangjian.ingestion.sources.registry import load_registry
from wangjian.state import now

YEAR = (date(2023, 1, 1), date(2023, 12, 31))


@dataclass(frozen=True)
class Comparison:
    """The seconds of the backfill and of the measured days.

    Attributes:
        backfill_seconds: from the trigger of the backfill DAG to the end of its last task.
        daily_seconds: for each measured day, from the trigger of its ingest DAGs until it was published.
        days: the number of days in the whole range.
    """

    backfill_seconds: float
    daily_seconds: Sequence[float]
    days: int

    @property
    def ratio(self) -> float:
        """Return how many times as long all days one by one would take as the backfill."""
        return sum(self.daily_seconds) / len(self.daily_seconds) * self.days / self.backfill_seconds


@click.command()
@click.option("--days", default=10, show_default=True, help="number of days to run one by one")
@click.option("--scale", default="1.0", show_default=True, help="1.0 is the whole city")
def main(days: int, scale: str) -> None:
    """Compare a backfill of 2023 with its days one by one."""
    # the schedule ends in the past, so only the runs that are triggered here take place
    os.environ["WANGJIAN_SCHEDULE_UNTIL"] = str(YEAR[1])
    with tempfile.TemporaryDirectory(prefix="wangjian-backfill-") as folder:
        sources = DataRoot(Path(folder) / "sources")
        sources.root.mkdir()
        with simulators(sources, *map(str, YEAR), scale=scale) as connections:
            comparison = compare(Path(folder), connections, *YEAR, days)
    click.echo(text(comparison))


def compare(folder: Path, connections: Mapping[str, str], first: date, last: date, days: int) -> Comparison:
    """Run the backfill, then the days one by one, and return their seconds.

    Args:
        folder: the folder for the two data roots.
        connections: the sources' connections, by variable.
        first: first business date of the backfill and of the days.
        last: last business date of the backfill.
        days: the number of days to run one by one.
    """
    # two data roots: the days must not find the backfill's files already landed
    whole = _backfill(DataRoot(folder / "backfill"), connections, first, last)
    single = _daily(DataRoot(folder / "daily"), connections, [first + timedelta(days=n) for n in range(days)])
    return Comparison(whole, single, (last - first).days + 1)


def _backfill(data: DataRoot, connections: Mapping[str, str], first: date, last: date) -> float:
    with _airflow(data, connections) as (client, watch):
        conf = {"date_from": str(first), "date_to": str(last), "reason": "benchmark"}
        return _timed(client, watch, {"backfill": conf})


def _daily(data: DataRoot, connections: Mapping[str, str], days: Sequence[date]) -> list[float]:
    with _airflow(data, connections) as (client, watch):
        dag_ids = [f"ingest_{source}" for source in load_registry()]
        return [_timed(client, watch, {dag_id: {"business_date": str(day)} for dag_id in dag_ids}) for day in days]


@contextmanager
def _airflow(data: DataRoot, connections: Mapping[str, str]) -> Iterator[tuple[httpx.Client, Watch]]:
    home = data.root / "airflow"
    running = af.running(home, data.root, dict(connections), af.migrate(home, data.root))
    with running as airflow, airflow.client() as client:
        af.make_pool(client)
        af.wait_for_dags(client, ["backfill", "warehouse", *(f"ingest_{source}" for source in load_registry())])
        yield client, Watch(data)


def _timed(client: httpx.Client, watch: Watch, runs: Mapping[str, Mapping[str, str]]) -> float:
    triggered = now()
    for dag_id, conf in runs.items():
        af.trigger(client, dag_id, dict(conf))
    watch.follow(client)
    if watch.failed:
        raise SystemExit(
            f"✘ failed in Airflow: {', '.join(watch.failed)}; the measurement is void → read the task's log, run again"
        )
    return (af.last_end(client, triggered) - triggered).total_seconds()


def text(comparison: Comparison) -> str:
    """Return the result as text."""
    daily = comparison.daily_seconds
    return "\n".join(
        (
            f"backfill of {comparison.days} days: {comparison.backfill_seconds:.1f} s",
            f"{len(daily)} days one by one: {sum(daily):.1f} s, median {median(daily):.1f} s a day",
            f"so {comparison.days} days one by one: {sum(daily) / len(daily) * comparison.days:,.0f} s; "
            f"ratio {comparison.ratio:.0f}",
        )
    )


if __name__ == "__main__":
    main()
