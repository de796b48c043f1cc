"""The head of the audit log is sent outside every morning to a real robot and a real mailbox. It exposes a rewritten chain."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from pathlib import Path
from socketserver import TCPServer

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from support.mailbox import Mailbox
from support.robot import Robot, running
from wangjian.core.paths import DataRoot
from wangjian.orchestration.tasks import anchor_audit_log
from wangjian.state.audit_chain import verify_audit_log
from wangjian.state.audit_log import Access, Head, head_file, last_head, log_file, record_access


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataRoot:
    """Return a data root with three records, which the task uses whatever its arguments are."""
    data = DataRoot(tmp_path)
    monkeypatch.setenv("WANGJIAN_DATA", str(tmp_path))
    write(data, 3)
    return data


def write(data: DataRoot, count: int) -> None:
    for number in range(count):
        record_access(data, Access(action="EXPORTED", table_name=f"t{number}", row_count=number))


def define(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_WANGJIAN_{name}", value)


def mailbox(port: int) -> str:
    extra = {"from": "wangjian@example.com", "to": ["archive@example.com"], "starttls": False}
    return json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra})


def test_the_head_is_sent_outside_every_morning(
    data: DataRoot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Mailbox.taken.clear()
    with Robot.running() as start, running(TCPServer(("127.0.0.1", 0), Mailbox)) as port:
        # The channel of notices must not be that of anchors: its readers run the warehouse.
        define(monkeypatch, "WEBHOOK", start("plain", "/refuse"))
        define(monkeypatch, "ANCHOR_WEBHOOK", start("plain", "/send"))
        define(monkeypatch, "ANCHOR_SMTP", mailbox(port))
        anchor_audit_log()
        (message,) = Robot.taken
    head = str(last_head(data))
    assert head.startswith("3:")
    assert message["text"] == f"链头 head {head}"
    (mail,) = [message_from_bytes(taken, policy=policy.default) for taken in Mailbox.taken]
    assert mail["To"] == "archive@example.com" and mail.get_content().strip() == f"链头 head {head}"
    assert f"{head} over wangjian_anchor_webhook, wangjian_anchor_smtp" in capsys.readouterr().out


def test_a_rewritten_chain_is_discovered_by_the_sent_head(data: DataRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    with Robot.running() as start:
        define(monkeypatch, "ANCHOR_WEBHOOK", start("plain", "/send"))
        anchor_audit_log()
        kept = Head.parse(Robot.taken[0]["text"].removeprefix("链头 head "))
    write(data, 1)
    assert verify_audit_log(data, (kept,)).is_whole
    log_file(data).unlink()
    head_file(data).unlink()
    write(data, 4)
    assert verify_audit_log(data).is_whole, "the installation alone cannot see it"
    assert verify_audit_log(data, (kept,)).faults == (
        f"record 3 was changed: the anchor {kept} names another hash of it",
    )


def test_without_an_anchor_connection_the_task_is_skipped_with_a_message(
    data: DataRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Robot.running() as start:
        define(monkeypatch, "WEBHOOK", start("plain", "/send"))
        with pytest.raises(AirflowSkipException, match=r"not anchored.*wangjian_anchor_webhook.*audit-log.md"):
            anchor_audit_log()
        assert Robot.taken == []


@pytest.mark.parametrize("path", ["/refuse", "/broken"])
def test_an_anchor_that_is_not_accepted_fails_the_task(
    data: DataRoot, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    Mailbox.taken.clear()
    with Robot.running() as start, running(TCPServer(("127.0.0.1", 0), Mailbox)) as port:
        define(monkeypatch, "ANCHOR_WEBHOOK", start("wecom", path))
        define(monkeypatch, "ANCHOR_SMTP", mailbox(port))
        with pytest.raises(AirflowException, match=r"not anchored.*over=wangjian_anchor_webhook\]"):
            anchor_audit_log()
    assert len(Mailbox.taken) == 1, "the other channel got the head"


def test_a_wrong_connection_fails_the_task(data: DataRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    define(monkeypatch, "ANCHOR_WEBHOOK", json.dumps({"conn_type": "http", "host": "robot", "extra": "{"}))
    with pytest.raises(AirflowException, match="not anchored"):
        anchor_audit_log()


def test_a_damaged_chain_gets_no_anchor(data: DataRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    log_file(data).write_bytes(log_file(data).read_bytes().replace(b"t1", b"tX"))
    with Robot.running() as start:
        define(monkeypatch, "ANCHOR_WEBHOOK", start("plain", "/send"))
        with pytest.raises(AirflowException, match=r"not whole: record 2 was changed"):
            anchor_audit_log()
        assert Robot.taken == []
