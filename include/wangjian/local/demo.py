"""`make demo`: the year 2023 through the DAGs, from three simulated systems to the published file."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from wangjian import publishing
from wangjian.errors import WangjianError
from wangjian.local import airflow as af
from wangjian.paths import DataRoot, data_root

SOURCES = ("five_level", "jiangxi", "third_party")
YEAR = ("2023-01-01", "2023-12-31")
BACKFILL = {"date_from": "2023-01-01", "date_to": "2023-12-30", "reason": "demonstration year"}
LAST_DAY = {"business_date": "2023-12-31"}


def main() -> None:
    """Run the demonstration; a second run finds everything in place and says so."""
    data = data_root()
    before = publishing.current(data)
    started = time.monotonic()
    with _simulators(data) as connections:
        _say(f"三个模拟数据源已启动 simulated sources are up ({time.monotonic() - started:.0f} s)")
        os.environ["WANGJIAN_SCHEDULE"] = "manual"
        with af.running(data.root / "airflow", data.root, connections) as airflow:
            _say(f"Airflow {airflow.address} ({time.monotonic() - started:.0f} s)")
            with airflow.client() as client:
                _run(client)
    _report(data, before.publication_id if before else None, time.monotonic() - started)


def _say(text: str) -> None:
    print(text, flush=True)


@contextlib.contextmanager
def _simulators(data: DataRoot) -> Iterator[dict[str, str]]:
    folder = data.root / "simulator"
    folder.mkdir(exist_ok=True)
    addresses = folder / "addresses.json"
    addresses.unlink(missing_ok=True)
    command = [sys.executable, "-m", "simulator", "serve", "--data-dir", str(folder), "--ports-file", str(addresses)]
    command += ["--from", YEAR[0], "--to", YEAR[1], "--scale", os.environ.get("SCALE", "1.0")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield _addresses(process, addresses)
    finally:
        process.terminate()
        process.wait(30)


def _addresses(process: subprocess.Popen[bytes], path: Path) -> dict[str, str]:
    while process.poll() is None:
        with contextlib.suppress(FileNotFoundError, ValueError):
            found: dict[str, str] = json.loads(path.read_text())["airflow_connections"]
            return found
        time.sleep(0.2)
    raise WangjianError("the simulated sources did not start", mend="run `python -m simulator serve --help`")


def _run(client: httpx.Client) -> None:
    af.wait_for_dags(client, ["backfill", "warehouse", *(f"ingest_{source}" for source in SOURCES)])
    af.trigger(client, "backfill", dict(BACKFILL))
    _follow(client)
    for source in SOURCES:
        af.trigger(client, f"ingest_{source}", dict(LAST_DAY))
    _follow(client)


def _follow(client: httpx.Client) -> None:
    """Show each task as it ends, until no run is under way; the asset may start one more a moment later."""
    shown: set[str] = set()
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < 8:
        for task in af.task_states(client):
            _show(task, shown)
        if af.unfinished(client):
            quiet_since = time.monotonic()
        time.sleep(1)


def _show(task: dict[str, object], shown: set[str]) -> None:
    done = str(task["state"]) in ("success", "failed", "skipped", "upstream_failed")
    name = f"{task['dag_id']}.{task['task_id']}" + (f"[{task['map_index']}]" if task["map_index"] != -1 else "")
    key = f"{task['dag_run_id']} {name} {task['try_number']}"
    if done and key not in shown:
        shown.add(key)
        seconds = task["duration"] if isinstance(task["duration"], float) else 0.0
        mark = {"success": "✔", "skipped": "–"}.get(str(task["state"]), "✘")
        _say(f"  {mark} {name:44} {seconds:7.1f} s  {task['state']}")


def _report(data: DataRoot, before: str | None, seconds: float) -> None:
    current = publishing.current(data)
    if current is None:
        raise WangjianError(
            "nothing was published", logs=data.root / "airflow", mend="read the failed task's log there"
        )
    with publishing.open_published(data) as connection:
        figures = connection.execute(
            "select figure_name, figure_name_en, unit, published_value, is_lower_bound, warehouse_value, agrees "
            "from reports.rpt_published_figures order by figure_code"
        ).fetchall()
    _say("\n公布指标 published figures                              公布 published     数仓 warehouse")
    for zh, en, unit, published, is_bound, value, agrees in figures:
        shown = f"{published:,.0f}{'+' if is_bound else ''} {unit}"
        _say(f"  {'✔' if agrees else '✘'} {zh} {en:44} {shown:>16} {value or 0:>16,.0f}")
    news = "unchanged: a second run changes nothing" if before == current.publication_id else "new"
    _say(f"\n发布 publication {current.publication_id} ({news})")
    _say(f"文件 file         {data.published / 'warehouse.duckdb'}")
    _say(f"检查报告 checks   {data.docs / 'checks' / 'index.html'}")
    _say(f"用时 in all       {seconds:.0f} s")
    if not all(row[-1] for row in figures):
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except WangjianError as error:
        _say(f"✘ {error}")
        sys.exit(error.exit_code)
