"""`make demo`: process the year 2023 with the DAGs, from three simulated systems to the published file."""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import datetime
from typing import NoReturn

import httpx
from rich.cells import cell_len

from wangjian import publishing
from wangjian.core.errors import WangjianError
from wangjian.core.paths import DataRoot, data_root
from wangjian.core.settings import settings
from wangjian.deployment.local import airflow as af
from wangjian.deployment.local.progress import Watch, say
from wangjian.deployment.local.simulators import simulators
from wangjian.ingestion.sources.registry import load_registry
from wangjian.state import now, runs

YEAR = ("2023-01-01", "2023-12-31")
# The backfill leaves the last day to the daily DAGs, so that the demonstration shows both ways.
BACKFILL = {"date_from": YEAR[0], "date_to": "2023-12-30", "reason": "demonstration year"}
LAST_DAY = {"business_date": YEAR[1]}


def main() -> None:
    """Run the demonstration. A second run changes nothing and reports that."""
    data = data_root()
    before = publishing.current(data)
    started, watch = now(), Watch(data)
    say(f"数据目录 data root {data.root}")
    # The demonstration starts its own runs. The schedule must not add runs for the days after the year.
    os.environ["WANGJIAN_SCHEDULE_UNTIL"] = YEAR[1]
    home = data.root / "airflow"
    migrating = af.migrate(home, data.root)
    with simulators(data, *YEAR, scale=settings().demo_scale) as connections:
        watch.lap("模拟数据源 simulated sources ready")
        with af.running(home, data.root, connections, migrating) as airflow:
            watch.lap("Airflow ready")
            with airflow.client() as client:
                _run(client, watch)
        watch.lap("停止 everything stopped")
    _report(data, before.publication_id if before else None, started, watch)


def _run(client: httpx.Client, watch: Watch) -> None:
    sources = list(load_registry())
    af.make_pool(client)
    af.wait_for_dags(client, ["backfill", "warehouse", *(f"ingest_{source}" for source in sources)])
    af.trigger(client, "backfill", dict(BACKFILL))
    watch.follow(client)
    watch.lap(f"补采 DAG backfill, {BACKFILL['date_from']} … {BACKFILL['date_to']}")
    for source in sources:
        af.trigger(client, f"ingest_{source}", dict(LAST_DAY))
    watch.follow(client)
    watch.lap(f"每日 daily DAGs, {LAST_DAY['business_date']}")


def _report(data: DataRoot, before: str | None, started: datetime, watch: Watch) -> None:
    current = publishing.current(data)
    if watch.failed or current is None:
        raise WangjianError(
            f"the demonstration did not finish: {', '.join(watch.failed) or 'nothing was published'}",
            logs=data.root / "airflow" / "logs",
            fix="read the failed task's log there, then run `make demo` again: it continues where it stopped",
        )
    _print_steps(data, started)
    watch.print_laps()
    is_agreed = _print_figures(data)
    news = (
        "与上次相同，重跑无变化 unchanged: a second run changes nothing"
        if before == current.publication_id
        else "新 new"
    )
    say(f"\n发布 publication  {current.publication_id} ({news})")
    say(f"文件 file         {data.published / 'warehouse.duckdb'}")
    say(f"检查 checks       {data.docs / 'checks' / 'index.html'}")
    say(f"网站 site         {data.docs / 'site' / 'index.html'}")
    sys.exit(0 if is_agreed else 1)


def _print_steps(data: DataRoot, started: datetime) -> None:
    say("\n步骤 steps (parallel where possible)")
    for run in runs(data):
        if run.started_at >= started and run.ended_at:
            seconds = (run.ended_at - run.started_at).total_seconds()
            say(f"  {run.step + ' ' + (run.source or ''):24} {seconds:7.1f} s  {run.outcome:10} {run.message or ''}")


def _print_figures(data: DataRoot) -> bool:
    with publishing.open_published(data) as connection:
        figures = connection.execute(
            "select figure_name, figure_name_en, unit, published_value, is_lower_bound, warehouse_value, agrees "
            "from reports.rpt_published_figures order by figure_code"
        ).fetchall()
    say(f"\n    {_wide('公布指标 published figures', 62)}{_wide('公布 published', -14)} {_wide('数仓 warehouse', -12)}")
    for zh, en, unit, published, is_bound, value, agrees in figures:
        shown = f"{published:,.0f}{'+' if is_bound else ''} {unit}"
        say(f"  {'✔' if agrees else '✘'} {_wide(zh, 20)}{en:42}{_wide(shown, -14)} {value or 0:>12,.0f}")
    return all(row[-1] for row in figures)


def _wide(text: str, width: int) -> str:
    """Return text padded to a width in terminal cells; a negative width aligns it to the right.

    A Chinese character takes two cells, which `str.ljust` does not know.
    """
    space = " " * (abs(width) - cell_len(text))
    return text + space if width > 0 else space + text


def _stop(*_: object) -> NoReturn:
    sys.exit(143)


if __name__ == "__main__":
    begun = time.monotonic()
    # SIGTERM must raise an exception: only then do the `with` blocks stop the processes that were started.
    signal.signal(signal.SIGTERM, _stop)
    try:
        main()
    except WangjianError as error:
        say(f"✘ {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say(f"✘ 已中断 interrupted after {time.monotonic() - begun:.0f} s; run it again to continue")
        sys.exit(130)
