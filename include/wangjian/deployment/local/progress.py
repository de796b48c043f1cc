"""Show the progress of the demonstration: tasks that ended, exports that landed, and the time of each part."""

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
"""The runs count as finished after so many seconds without a new one. An asset may start a run shortly after the last one ended."""
LINE_EVERY_SECONDS = 10
"""The seconds between two lines of progress, if the output is not a terminal that can overwrite a line."""


def say(text: str) -> None:
    """Print a line without buffering.

    Args:
        text: the line.
    """
    print(text, flush=True)


class Watch:
    """Follow the runs of one demonstration.

    Args:
        data: the data root.

    Attributes:
        failed: the tasks that failed after all their retries.
    """

    def __init__(self, data: DataRoot) -> None:
        self.failed: list[str] = []
        self._data = data
        self._shown: set[str] = set()
        self._since = now()
        self._laps: list[tuple[str, float]] = []
        self._started = self._lap_started = self._last_line = time.monotonic()

    def lap(self, name: str) -> None:
        """Print the time of a part that has ended.

        Args:
            name: the part.
        """
        seconds = time.monotonic() - self._lap_started
        self._lap_started = time.monotonic()
        self._laps.append((name, seconds))
        say(f"{name}: {seconds:.0f} s")

    def print_laps(self) -> None:
        """Print the time of each part and of the whole, in seconds."""
        say("\n用时 time")
        for name, seconds in [*self._laps, ("合计 in all", time.monotonic() - self._started)]:
            say(f"  {seconds:7.1f} s  {name}")

    def follow(self, client: httpx.Client) -> None:
        """Print each task when it ends, until no run is under way.

        Args:
            client: a client of Airflow's API.
        """
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
        # With the try number: each try of a task is shown once.
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
            # Shortened: a line that wraps could not be overwritten.
            print(f"\r\033[K{text[:118]}", end="", flush=True)
        elif time.monotonic() - self._last_line >= LINE_EVERY_SECONDS:
            self._last_line = time.monotonic()
            say(text)

    def _landed(self) -> int:
        # An export counts once it has a manifest, which is written last.
        return sum(1 for _ in self._data.landing.glob("manifests/*/*/*/*.jsonl"))

    def _clear_line(self) -> None:
        if sys.stdout.isatty():
            print("\r\033[K", end="")


def task_name(task: Mapping[str, Any]) -> str:
    """Return `dag.task`, with the map index of a mapped task.

    Args:
        task: a task instance from the API.
    """
    index = task.get("map_index", -1)
    label = task.get("rendered_map_index") or index
    return f"{task['dag_id']}.{task['task_id']}" + (f"[{label}]" if index != -1 else "")
