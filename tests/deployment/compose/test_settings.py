"""Checks of docker-compose.yml, .env.example and the secrets that need no container engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployment.compose.conftest import make_env
from support.containers.stack import COMPOSE, ONE_SHOTS, PROJECT
from wangjian.core.airflow_names import WRITER_QUEUE
from wangjian.core.errors import BadArguments
from wangjian.deployment.containers.demo_sources import for_import
from wangjian.deployment.containers.secrets import EXAMPLE, SHORTEST, environment, read_secrets, refuse_weak

GOOD = "x" * SHORTEST


def _values(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if "=" in line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return docker-compose.yml as Docker Compose reads it, with every profile."""
    if COMPOSE is None:
        pytest.skip("NO DOCKER COMPOSE HERE: `make containers-install`")
    command = [str(COMPOSE), "--env-file", ".env.example", "--profile", "*", "config", "--format", "json"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path_factory.mktemp("home"))}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_service_is_limited_watched_and_started_again(composed: dict[str, Any]) -> None:
    for name, service in composed["services"].items():
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"], name
        assert service["logging"]["options"]["max-size"], name
        if name not in ONE_SHOTS:
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"], name
            assert int(service["deploy"]["resources"]["limits"]["memory"]) > 0, name


def test_images_are_pinned_and_built_without_network(composed: dict[str, Any]) -> None:
    for name, service in composed["services"].items():
        tag = service["image"].rpartition(":")[2]
        assert re.match(r"\d+\.\d+", tag), name
        if "build" in service:
            assert service["build"]["network"] == "none", name


def test_there_is_one_writer_and_it_alone_serves_the_writers_queue(composed: dict[str, Any]) -> None:
    served = {
        name: service["command"][service["command"].index("--queues") + 1]
        for name, service in composed["services"].items()
        if "--queues" in (service["command"] or [])
    }
    assert served == {"worker": "default", "writer": WRITER_QUEUE}
    writer = composed["services"]["writer"]
    assert writer["command"][-2:] == ["--concurrency", "1"] and writer["scale"] == 1


def test_every_secret_of_the_example_is_asked_for_before_anything_starts(composed: dict[str, Any]) -> None:
    secrets = {name for name, value in _values(PROJECT / ".env.example").items() if value == EXAMPLE}
    preflight = composed["services"]["preflight"]
    assert {one["source"] for one in preflight["secrets"]} == set(preflight["command"]) == secrets


def test_the_compose_file_holds_no_secret() -> None:
    text = (PROJECT / "docker-compose.yml").read_text()
    for name in (name for name, value in _values(PROJECT / ".env.example").items() if value == EXAMPLE):
        assert f"${{{name}" not in text, name
    assert set(yaml.safe_load(text)["secrets"]) >= {"POSTGRES_PASSWORD", "AIRFLOW_ADMIN_PASSWORD"}


def test_make_env_fills_in_every_secret_and_keeps_existing_ones(tmp_path: Path) -> None:
    example = (PROJECT / ".env.example").read_text()
    (tmp_path / ".env.example").write_text(example)
    make_env(tmp_path)
    env = tmp_path / ".env"
    assert env.stat().st_mode & 0o777 == 0o600
    first = _values(env)
    made = [value for name, value in first.items() if _values(tmp_path / ".env.example")[name] == EXAMPLE]
    assert len(set(made)) == len(made) == 9
    refuse_weak(first)
    (tmp_path / ".env.example").write_text(example + "NEW_PASSWORD=CHANGE_ME\nNEW_SETTING=5\n")
    output = make_env(tmp_path)
    second = _values(env)
    assert {name: second[name] for name in first} == first
    assert "NEW_PASSWORD" in output and second["NEW_PASSWORD"] != EXAMPLE and second["NEW_SETTING"] == "5"


@pytest.mark.parametrize(
    ("value", "said"), [("", "not set"), (EXAMPLE, "example"), ("change_me_please", "example"), ("short", "shorter")]
)
def test_a_weak_secret_is_refused_by_name(tmp_path: Path, value: str, said: str) -> None:
    (tmp_path / "POSTGRES_PASSWORD").write_text(value)
    (tmp_path / "AIRFLOW_CONN_X").write_text("")
    with pytest.raises(BadArguments, match=f"POSTGRES_PASSWORD .*{said}") as refused:
        read_secrets(tmp_path)
    assert "AIRFLOW_CONN_X" not in str(refused.value)


def test_secrets_become_the_environment(tmp_path: Path) -> None:
    (tmp_path / "POSTGRES_PASSWORD").write_text("p@ss/word:with%signs\n")
    (tmp_path / "REDIS_PASSWORD").write_text(GOOD)
    (tmp_path / "AIRFLOW_CONN_X").write_text("")
    (tmp_path / "site_key").write_text("not ours")
    found = environment(read_secrets(tmp_path), {"SSL_CERT_FILE": "", "A": ""})
    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == (
        "postgresql+psycopg2://airflow:p%40ss%2Fword%3Awith%25signs@postgres/airflow"
    )
    assert found["AIRFLOW__CELERY__BROKER_URL"] == f"redis://:{GOOD}@redis:6379/0"
    assert found["A"] == ""
    assert not {"SSL_CERT_FILE", "AIRFLOW_CONN_X", "site_key"} & found.keys()


def test_a_missing_file_of_trusted_certificates_is_reported(tmp_path: Path) -> None:
    there = tmp_path / "ca.crt"
    there.touch()
    assert environment({}, {"SSL_CERT_FILE": str(there)})["SSL_CERT_FILE"] == str(there)
    with pytest.raises(BadArguments, match="SOURCES_CA_FILE=/no/such"):
        environment({}, {"SSL_CERT_FILE": "/no/such"})


def test_the_simulators_connections_are_imported_by_their_names(tmp_path: Path) -> None:
    addresses = tmp_path / "addresses.json"
    addresses.write_text(json.dumps({"airflow_connections": {"AIRFLOW_CONN_WANGJIAN_X": '{"conn_type": "http"}'}}))
    assert json.loads(for_import(addresses)) == {"wangjian_x": {"conn_type": "http"}}
