"""What a person sees while Airflow works: tasks as they end, exports as they land, and the time each part took."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import httpx

from wangjian.core.paths import DataRoot
from wangjian.deployment.local import airflow as af
from wangjian.state import now

DONE = ("success", "failed", "skipped", "upstream_failed")
MARKS = {"success": "✔", "skipped": "–"}
QUIET_SECONDS = 6
"""An asset may start one more run a moment after the last one ended."""
LINE_EVERY_SECONDS = 10
"""How often progress is printed where no terminal shows it in place."""


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


class Watch:
    """Follows the runs of one demonstration.

    Attributes:
        failed: the tasks that failed for good.
    """

    def __init__(self, data: DataRoot) -> None:
        self.failed: list[str] = []
        self._data = data
        self._shown: set[str] = set()
        self._since = now()
        self._laps: list[tuple[str, float]] = []
        self._started = self._lap_started = self._last_line = time.monotonic()

    def lap(self, name: str) -> None:
        """A part has ended."""
        seconds = time.monotonic() - self._lap_started
        self._lap_started = time.monotonic()
        self._laps.append((name, seconds))
        say(f"{name}: {seconds:.0f} s")

    def print_laps(self) -> None:
        """The parts and the whole, in seconds."""
        say("\n用时 time")
        for name, seconds in [*self._laps, ("合计 in all", time.monotonic() - self._started)]:
            say(f"  {seconds:7.1f} s  {name}")

    def follow(self, client: httpx.Client) -> None:
        """Show each task as it ends, until no run is under way."""
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < QUIET_SECONDS:
            tasks = af.task_states(client, self._since)
            for task in tasks:
                self._show(task)
            if af.unfinished(client):
                quiet_since = time.monotonic()
                self._show_progress([task for task in tasks if task["state"] == "running"])
            time.sleep(1)

    def _show(self, task: Mapping[str, Any]) -> None:
        key = f"{task['dag_run_id']} {task['dag_id']} {task['task_id']} {task['map_index']} {task['try_number']}"
        if str(task["state"]) not in DONE or key in self._shown:
            return
        self._shown.add(key)
        seconds = task["duration"] if isinstance(task["duration"], float) else 0.0
        self._clear_line()
        say(f"  {MARKS.get(str(task['state']), '✘')} {task_name(task):44} {seconds:7.1f} s  {task['state']}")
        if task["state"] == "failed":
            self.failed.append(task_name(task))

    def _show_progress(self, running: list[Mapping[str, Any]]) -> None:
        names = ", ".join(sorted({task_name(task) for task in running})) or "…"
        text = f"  … {time.monotonic() - self._started:4.0f} s  {self._landed()} exports landed; running: {names}"
        if sys.stdout.isatty():
            print(f"\r\033[K{text[:118]}", end="", flush=True)
        elif time.monotonic() - self._last_line >= LINE_EVERY_SECONDS:
            self._last_line = time.monotonic()
            say(text)

    def _landed(self) -> int:
        return sum(1 for _ in self._data.landing.glob("manifests/*/*/*/*.jsonl"))

    def _clear_line(self) -> None:
        if sys.stdout.isatty():
            print("\r\033[K", end="")


def task_name(task: Mapping[str, Any]) -> str:
    """`dag.task`, with the map index where there are several."""
    index = task.get("map_index", -1)
    label = task.get("rendered_map_index") or index
    return f"{task['dag_id']}.{task['task_id']}" + (f"[{label}]" if index != -1 else "")
