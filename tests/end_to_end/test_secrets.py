"""Secrets planted in every connection: nothing that a whole run, and every way of failing, writes or says shows one."""

from __future__ import annotations

import gzip
import json
import logging
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import asyncssh
import duckdb
import pytest

from simulator.scenario import Scenario
from simulator.serving import served
from simulator.systems import Systems
from support.command import wangjian
from support.robot import Robot
from support.searching import found_in
from support.served import parse_all
from wangjian.core.logs import FORMAT, LEVEL
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing.keyed_hash import load_key
from wangjian.ingestion.sources.registry import load_registry
from wangjian.operations.lineage import FILE
from wangjian.operations.notifications import notify
from wangjian.orchestration import pipeline
from wangjian.state import runs

pytestmark = [pytest.mark.slow, pytest.mark.world("end_to_end", minutes=5)]

FIRST, LAST = date(2023, 1, 31), date(2023, 2, 1)
RIGHT, WRONG, ROBOT, MAIL, MIRROR = (f"CANARY-{name}-4f1c" for name in ("right", "wrong", "robot", "mail", "mirror"))
CANARIES = (RIGHT, WRONG, ROBOT, MAIL, MIRROR)


@pytest.fixture(scope="module")
def connections(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The simulated systems, whose logins bear a canary."""
    folder = tmp_path_factory.mktemp("simulator")
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    login = {"user": "wangjian", "password": RIGHT, "host_key": key}
    (folder / "credentials.json").write_text(json.dumps(login))
    with served(Systems(Scenario(seed=7, scale=0.005, start=FIRST, end=LAST)), folder) as found:
        assert RIGHT in str(found.connections)
        yield found.connections


def plant(patch: pytest.MonkeyPatch, connections: dict[str, str], password: str) -> None:
    """Define the connections, with this password in place of the right one."""
    for name, value in connections.items():
        patch.setenv(name, value.replace(RIGHT, password))


def fail_in_every_way(patch: pytest.MonkeyPatch, connections: dict[str, str]) -> None:
    """Refused logins, broken connections, a robot that refuses, mail and a mirror that nobody takes."""
    plant(patch, connections, WRONG)
    for source in ("five_level", "jiangxi"):
        assert wangjian("ingest", source, "--from", "2023-01-31", "--refetch") == 1
    with Robot.running() as start:
        for path in ("/send", "/refuse", "/broken"):
            patch.setenv("AIRFLOW_CONN_WANGJIAN_WEBHOOK", start("wecom", f"{path}?key={ROBOT}"))
            notify("标题", "文字")
    nobody = {"host": "127.0.0.1", "port": 1, "login": "bureau", "password": MAIL}
    patch.setenv(
        "AIRFLOW_CONN_WANGJIAN_SMTP",
        json.dumps({"conn_type": "smtp", **nobody, "extra": {"from": "a@b", "to": ["c@d"]}}),
    )
    assert notify("标题", "文字") == []
    patch.setenv("WANGJIAN_POSTGRES", f"host=127.0.0.1 port=1 user=bureau password={MIRROR}")
    assert wangjian("publish", "--to", "postgres") in {1, 2}
    for broken in ("{key: ", '{"conn_type": "http", "extra": "{'):
        patch.setenv("AIRFLOW_CONN_WANGJIAN_FIVE_LEVEL", f"{broken}{WRONG}")
        assert wangjian("ingest", "five_level", "--from", "2023-01-31", "--refetch") in {1, 2}


def test_no_secret_is_written_or_said(
    connections: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv(LEVEL, "debug")
    monkeypatch.setenv(FORMAT, "json")
    data = DataRoot(tmp_path / "data")
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))
    monkeypatch.setenv(FILE, str(tmp_path / "data" / "lineage.jsonl"))
    plant(monkeypatch, connections, RIGHT)
    for source in load_registry():
        pipeline.ingest(data, source, FIRST, LAST)
    with pytest.MonkeyPatch.context() as patch:
        fail_in_every_way(patch, connections)
    parse_all(data)
    pipeline.build(data)
    pipeline.check(data)
    # so that the failures are in the published run log
    pipeline.publish(data)
    pipeline.docs(data)
    pipeline.role_files(data)
    assert wangjian("export", "audit", "--format", "csv", "--to", str(data.root / "out")) == 0

    failed = [run.message or "" for run in runs(data) if run.outcome == "failed"]
    assert len(failed) >= 4 and any("login is refused" in message for message in failed)
    assert (data.root / "lineage.jsonl").stat().st_size
    assert found_in(data.root, CANARIES) == []
    # the key of hashed numbers is where it belongs, and nowhere else
    assert found_in(data.root, [load_key(data.state).secret.hex()], but=data.state / "keys") == []
    said = "".join(capfd.readouterr()) + caplog.text
    assert "login is refused" in said and "the robot answers 500" in said
    logged = [json.loads(line) for line in said.splitlines() if line.startswith('{"time"')]
    assert any(line["level"] == "ERROR" and line["step"] == "ingest" and line["run_id"] for line in logged)
    assert [canary for canary in CANARIES if canary in said] == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "plain.log").write_text(f"x{RIGHT}")
    (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress(RIGHT.encode() * 100))
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("sheet.xml", RIGHT * 100)
    with duckdb.connect(str(tmp_path / "file.duckdb")) as connection:
        connection.execute("create table t as select repeat(?, 100) as a from range(1000)", [RIGHT])
        connection.execute(f"copy t to '{tmp_path}/raw.parquet' (compression zstd)")
    (tmp_path / "left_out").mkdir()
    (tmp_path / "left_out" / "key").write_text(RIGHT)
    names = ["book.xlsx", "file.duckdb", "packed.jsonl.gz", "plain.log", "raw.parquet"]
    assert found_in(tmp_path, [RIGHT, WRONG], but=tmp_path / "left_out") == [f"{name}: {RIGHT}" for name in names]
