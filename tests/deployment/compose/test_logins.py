"""Nobody gets in without a password of this installation or over plain HTTP, and no output shows a secret."""

from __future__ import annotations

import socket
import ssl

import httpx
import pytest

from support.containers.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

GUESSES = ("admin", "airflow", "wangjian", "CHANGE_ME", "password", "123456")
SECRET = ("PASSWORD", "KEY", "SECRET")


def test_airflow_refuses_guessed_passwords(stack: Stack) -> None:
    assert {stack.log_in(guess).status_code for guess in GUESSES} == {httpx.codes.UNAUTHORIZED}
    assert stack.log_in().status_code == httpx.codes.CREATED
    without = httpx.get(f"{stack.address('AIRFLOW_PORT')}/api/v2/dags", verify=stack.trust, timeout=60)
    assert without.status_code == httpx.codes.UNAUTHORIZED


def test_a_viewer_sees_and_starts_nothing(stack: Stack) -> None:
    password = "only-looks-0123456789"
    account = ("--username", "viewer", "--password", password, "--role", "Viewer")
    person = ("--firstname", "v", "--lastname", "v", "--email", "viewer@localhost")
    stack.compose("exec", "-T", "scheduler", "airflow", "users", "create", *account, *person)
    login = {"username": "viewer", "password": password}
    base = stack.address("AIRFLOW_PORT")
    token = httpx.post(f"{base}/auth/token", json=login, verify=stack.trust, timeout=60).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{base}/api/v2", headers=headers, verify=stack.trust, timeout=60) as client:
        assert client.get("/dags").status_code == httpx.codes.OK
        started = client.post("/dags/health/dagRuns", json={"logical_date": None})
        assert started.status_code == httpx.codes.FORBIDDEN
        assert client.get("/connections").status_code == httpx.codes.FORBIDDEN


def test_password_guessing_is_slowed_down(stack: Stack) -> None:
    answers = {stack.log_in("a-guess-of-many").status_code for _ in range(60)}
    assert httpx.codes.TOO_MANY_REQUESTS in answers


def test_the_site_asks_for_its_password(stack: Stack) -> None:
    address = f"{stack.address('HTTPS_PORT')}/site/"
    user, password = stack.settings["SITE_USER"], stack.settings["SITE_PASSWORD"]
    for login in (None, (user, "CHANGE_ME"), (user, ""), (user, user)):
        assert httpx.get(address, auth=login, verify=stack.trust).status_code == httpx.codes.UNAUTHORIZED
    assert httpx.get(address, auth=(user, password), verify=stack.trust).status_code != httpx.codes.UNAUTHORIZED


def test_plain_http_leads_to_https(stack: Stack) -> None:
    port, tls = stack.settings["HTTP_PORT"], stack.settings["HTTPS_PORT"]
    answer = httpx.get(f"http://localhost:{port}/site/?a=b")
    assert answer.status_code == httpx.codes.MOVED_PERMANENTLY
    assert answer.headers["location"] == f"https://localhost:{tls}/site/?a=b"
    for name in ("HTTPS_PORT", "AIRFLOW_PORT"):
        spoken_plainly = httpx.get(f"http://localhost:{stack.settings[name]}/")
        assert spoken_plainly.headers["location"] == f"https://localhost:{stack.settings[name]}/"


@pytest.mark.parametrize("port", ["HTTPS_PORT", "AIRFLOW_PORT", "SUPERSET_PORT"])
def test_the_certificate_is_ours_and_old_protocols_are_refused(stack: Stack, port: str) -> None:
    number = int(stack.settings[port])
    with (
        socket.create_connection(("localhost", number)) as plain,
        stack.trust.wrap_socket(plain, server_hostname="localhost") as spoken,
    ):
        assert spoken.version() in ("TLSv1.2", "TLSv1.3")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("localhost", number)) as plain, pytest.raises(ssl.SSLError):
        old.wrap_socket(plain)


def test_only_nginx_is_available_from_outside(stack: Stack) -> None:
    for container in _containers(stack):
        ports = stack.engine.docker("inspect", "--format", "{{.Name}} {{json .HostConfig.PortBindings}}", container)
        assert "nginx" in ports or ports.endswith("{}"), ports


def test_no_container_runs_as_root_or_may_become_it(stack: Stack) -> None:
    for container in _containers(stack):
        identity = stack.engine.docker(
            "inspect", "--format", "{{.Config.User}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}", container
        )
        user, rest = identity.split(" ", maxsplit=1)
        assert user.split(":")[0] not in ("", "0", "root"), identity
        assert rest == "[ALL] [no-new-privileges:true]"


def test_no_secret_is_in_an_image_a_container_or_a_log(stack: Stack) -> None:
    secrets = [value for name, value in stack.settings.items() if name.endswith(SECRET) and value]
    assert len(secrets) == 9
    outputs = [stack.engine.docker("inspect", container) for container in _containers(stack)]
    outputs += [stack.engine.docker("logs", container) for container in _containers(stack)]
    images = {stack.engine.docker("inspect", "--format", "{{.Image}}", one) for one in _containers(stack)}
    outputs += [stack.engine.docker("history", "--no-trunc", image) for image in images]
    assert not [
        name for name, value in stack.settings.items() if value in secrets and any(value in one for one in outputs)
    ]


def _containers(stack: Stack) -> list[str]:
    return stack.compose("ps", "--quiet", "--all").stdout.split()
