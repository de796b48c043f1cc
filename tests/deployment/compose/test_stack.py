"""A stack publishes its days although services are killed on the way, and no row is lost or doubled.

The tests run in order: each continues from the state of the one before, as an installation does.
"""

from __future__ import annotations

import json

import httpx
import pytest

from deployment.compose.conftest import FIRST
from deployment.compose.following import SOURCES, back, begin, finish, published, wait_for
from support.containers.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3 * 3600)]

KILLED_IN_ONE_RUN = ("nginx", "triggerer", "dag-processor", "simulator", "api-server")
"""None of them runs tasks; nginx first, through which the tests look."""


def test_one_command_starts_everything_and_a_day_is_published(stack: Stack) -> None:
    begin(stack, "2023-02-01")
    finish(stack, "2023-02-01")
    login = (stack.settings["SITE_USER"], stack.settings["SITE_PASSWORD"])
    page = httpx.get(f"{stack.address('HTTPS_PORT')}/site/index.html", auth=login, verify=stack.trust)
    assert page.status_code == httpx.codes.OK
    assert published(stack)["publication_id"] in page.text


def test_services_without_tasks_are_killed_during_a_run(stack: Stack) -> None:
    begin(stack, "2023-02-02")
    for service in KILLED_IN_ONE_RUN:
        before = stack.starts(service)
        stack.kill(service)
        back(stack, service, before)
    finish(stack, "2023-02-02")


@pytest.mark.parametrize(
    ("service", "during", "day"),
    [
        ("scheduler", "warehouse.build", "2023-02-03"),
        ("postgres", "warehouse.build", "2023-02-04"),
    ],
)
def test_services_that_a_task_needs_are_killed_during_a_run(stack: Stack, service: str, during: str, day: str) -> None:
    begin(stack, day)
    wait_for(stack, during)
    before = stack.starts(service)
    stack.kill(service)
    back(stack, service, before)
    finish(stack, day)


def test_the_whole_stack_is_killed_during_a_run(stack: Stack) -> None:
    begin(stack, "2023-02-05")
    wait_for(stack, "warehouse.build")
    stack.compose("kill")
    assert not [state for state in stack.states().values() if state == "healthy"]
    stack.compose("up", "--detach")
    stack.wait_until_healthy()
    finish(stack, "2023-02-05")


def test_it_equals_an_uninterrupted_run(stack: Stack) -> None:
    """Process the same days by hand in a second data root with the same key of hashed numbers."""
    steps = [
        "export WANGJIAN_DATA=/tmp/uninterrupted",
        "mkdir -p -m 700 $WANGJIAN_DATA/state && cp -a /data/state/keys $WANGJIAN_DATA/state/",
        *(f"wangjian ingest {source} --from {FIRST} --to 2023-02-05" for source in SOURCES),
        *(f"wangjian parse {source}" for source in SOURCES),
        *(f"wangjian {step}" for step in ("build", "check", "publish")),
        "wangjian publications --json > /tmp/publications",
    ]
    stack.compose("exec", "-T", "scheduler", "sh", "-ec", " >&2 && ".join(steps))
    publications = json.loads(stack.compose("exec", "-T", "scheduler", "cat", "/tmp/publications").stdout)
    assert publications[0]["content_fingerprint"] == published(stack)["content_fingerprint"]


def test_rows_are_conserved(stack: Stack) -> None:
    question = (
        "select count(*) as files, sum(rows_read) as rows_read, "
        "count(*) filter (rows_read <> rows_loaded + rows_quarantined + rows_superseded) as wrong from audit.row_balance"
    )
    (found,) = stack.wangjian("sql", question)
    assert found["files"] and found["rows_read"]
    assert found["wrong"] == 0
