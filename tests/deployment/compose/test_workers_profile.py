"""The profile `celery`: tasks run on workers, the writer's tasks on the one writer, also after each is killed."""

from __future__ import annotations

import pytest

from deployment.compose.following import back, begin, finish, wait_for
from support.containers.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3 * 3600)]


@pytest.fixture(scope="module")
def celery(stack: Stack) -> Stack:
    stack.set({"COMPOSE_PROFILES": "demo,celery", "AIRFLOW_EXECUTOR": "CeleryExecutor"})
    stack.compose("up", "--detach", "--remove-orphans")
    stack.wait_until_healthy()
    return stack


def test_a_day_is_published_though_queue_worker_and_writer_are_killed(celery: Stack) -> None:
    begin(celery, "2023-02-06")
    wait_for(celery, "warehouse.build")
    for service in ("writer", "redis", "worker"):
        before = celery.starts(service)
        celery.kill(service)
        back(celery, service, before)
    finish(celery, "2023-02-06")


def test_the_writers_tasks_ran_on_the_writer(celery: Stack) -> None:
    hosts = {name: celery.compose("exec", "-T", name, "hostname").stdout.strip() for name in ("worker", "writer")}
    with celery.client() as client:
        # A run without new data skips its tasks.
        only = {"state": "success", "order_by": "-start_date"}
        answer = client.get("/dags/warehouse/dagRuns/~/taskInstances", params=only).raise_for_status()
    ran = {}
    for one in answer.json()["task_instances"]:
        ran.setdefault(one["task_id"], one["hostname"])
    assert ran == {
        "gather": hosts["worker"],
        "build": hosts["writer"],
        "check": hosts["writer"],
        "publish": hosts["writer"],
    }
