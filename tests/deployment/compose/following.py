"""Follow a stack: start a morning's runs, wait for their end, and wait for a killed service to return."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import httpx

from support.containers.stack import Stack

SOURCES = ("five_level", "jiangxi", "third_party")
RUN_SECONDS = 2400


def begin(stack: Stack, day: str) -> None:
    """Start the runs that the schedule starts in the morning."""
    with stack.client() as client:
        for source in SOURCES:
            asked = {"logical_date": None, "conf": {"business_date": day}}
            client.post(f"/dags/ingest_{source}/dagRuns", json=asked).raise_for_status()


def running(stack: Stack) -> list[str]:
    """Return the running tasks, such as `warehouse.build`."""
    with stack.client() as client:
        answer = client.get("/dags/~/dagRuns/~/taskInstances", params={"state": "running"}).raise_for_status()
        return [f"{one['dag_id']}.{one['task_id']}" for one in answer.json()["task_instances"]]


def wait_for(stack: Stack, task: str) -> None:
    """Wait until a task is running."""
    deadline = time.monotonic() + RUN_SECONDS
    while task not in running(stack):
        assert time.monotonic() < deadline, f"{task} did not come"
        time.sleep(0.5)


def finish(stack: Stack, day: str) -> None:
    """Wait until no run is under way, and check that every run succeeded and the day is published."""
    deadline, quiet = time.monotonic() + RUN_SECONDS, 0
    while quiet < 4:
        assert time.monotonic() < deadline, unfinished(stack)
        quiet = 0 if unfinished(stack) else quiet + 1
        time.sleep(2)
    with stack.client() as client:
        runs = client.get("/dags/~/dagRuns", params={"limit": 500}).json()["dag_runs"]
    assert Counter(run["state"] for run in runs).keys() == {"success"}, runs
    assert published(stack)["as_of"] == day


def unfinished(stack: Stack) -> list[dict[str, Any]]:
    """Return the runs that are under way. A service that does not answer now counts as one such run."""
    try:
        with stack.client() as client:
            answer = client.get("/dags/~/dagRuns", params=[("state", "queued"), ("state", "running")])
            return list(answer.raise_for_status().json()["dag_runs"])
    except (httpx.HTTPError, KeyError, ValueError):
        return [{}]


def published(stack: Stack) -> dict[str, Any]:
    """Return the current publication's own record."""
    output = stack.compose("exec", "-T", "scheduler", "wangjian", "publications", "--json").stdout
    return next(one for one in json.loads(output) if one["is_current"])


def back(stack: Stack, service: str, before: tuple[str, int]) -> None:
    """Wait until the restart policy has started a service again and it is healthy."""
    deadline = time.monotonic() + RUN_SECONDS
    while stack.starts(service) == before or stack.states()[service] != "healthy":
        assert time.monotonic() < deadline, f"{service} did not come back: {stack.states()}"
        time.sleep(1)
    assert stack.starts(service)[1] == before[1] + 1
