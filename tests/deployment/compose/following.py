"""What happens in a stack: a morning's runs begin, work, are followed to their end; a service that was killed comes back."""

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
    """What the schedule does of a morning."""
    with stack.client() as client:
        for source in SOURCES:
            asked = {"logical_date": None, "conf": {"business_date": day}}
            client.post(f"/dags/ingest_{source}/dagRuns", json=asked).raise_for_status()


def running(stack: Stack) -> list[str]:
    """The tasks that are at work this moment, such as `warehouse.build`."""
    with stack.client() as client:
        answer = client.get("/dags/~/dagRuns/~/taskInstances", params={"state": "running"}).raise_for_status()
        return [f"{one['dag_id']}.{one['task_id']}" for one in answer.json()["task_instances"]]


def wait_for(stack: Stack, task: str) -> None:
    """Until a task is at work."""
    deadline = time.monotonic() + RUN_SECONDS
    while task not in running(stack):
        assert time.monotonic() < deadline, f"{task} did not come"
        time.sleep(0.5)


def finish(stack: Stack, day: str) -> None:
    """Follow until nothing is under way: every run has ended well, and the day is published."""
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
    """Runs that are under way; what cannot be asked for the moment is under way as well."""
    try:
        with stack.client() as client:
            answer = client.get("/dags/~/dagRuns", params=[("state", "queued"), ("state", "running")])
            return list(answer.raise_for_status().json()["dag_runs"])
    except (httpx.HTTPError, KeyError, ValueError):
        return [{}]


def published(stack: Stack) -> dict[str, Any]:
    """What the current publication says of itself."""
    told = stack.compose("exec", "-T", "scheduler", "wangjian", "publications", "--json").stdout
    return next(one for one in json.loads(told) if one["is_current"])


def back(stack: Stack, service: str, before: tuple[str, int]) -> None:
    """The policy has started it again, and it is well."""
    deadline = time.monotonic() + RUN_SECONDS
    while stack.starts(service) == before or stack.states()[service] != "healthy":
        assert time.monotonic() < deadline, f"{service} did not come back: {stack.states()}"
        time.sleep(1)
    assert stack.starts(service)[1] == before[1] + 1
