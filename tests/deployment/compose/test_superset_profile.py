"""The profile `superset`: dashboards over the published file, behind TLS, with the password of this installation only."""

from __future__ import annotations

import httpx
import pytest

from support.containers.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def superset(stack: Stack) -> Stack:
    """Return Superset's address. This runs after the tests of the stack, because dashboards need a publication."""
    stack.compose("build", "superset")
    stack.set({"COMPOSE_PROFILES": "demo,superset"})
    stack.compose("up", "--detach")
    stack.wait_until_healthy()
    return stack


def _log_in(stack: Stack, password: str) -> httpx.Response:
    login = {"username": "admin", "password": password, "provider": "db"}
    address = f"{stack.address('SUPERSET_PORT')}/api/v1/security/login"
    return httpx.post(address, json=login, verify=stack.trust, timeout=60)


def test_dashboards_are_there_and_a_query_answers(superset: Stack) -> None:
    token = _log_in(superset, superset.settings["SUPERSET_ADMIN_PASSWORD"]).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    base = superset.address("SUPERSET_PORT")
    with httpx.Client(base_url=base, headers=headers, verify=superset.trust, timeout=120) as client:
        titles = {one["dashboard_title"] for one in client.get("/api/v1/dashboard/").json()["result"]}
        assert {"总览", "线索与案件", "数据质量"} <= titles
        charts = client.get("/api/v1/chart/", params={"q": "(page_size:100)"}).json()["result"]
        answers = [client.get(f"/api/v1/chart/{chart['id']}/data/") for chart in charts[:5]]
    assert answers and {answer.status_code for answer in answers} == {httpx.codes.OK}


def test_a_guessed_password_is_refused(superset: Stack) -> None:
    assert {_log_in(superset, guess).status_code for guess in ("admin", "CHANGE_ME", "superset")} == {401}


def test_it_sees_the_published_file_and_nothing_else_of_the_data(superset: Stack) -> None:
    seen = superset.compose("exec", "-T", "superset", "ls", "/data").stdout.split()
    assert seen == ["published"]
    written = superset.compose("exec", "-T", "superset", "touch", "/data/published/x", check=False)
    assert written.returncode != 0
