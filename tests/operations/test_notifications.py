"""A real receiver gets each message in its own shape. A failing channel fails nothing else."""

from __future__ import annotations

import json
import logging
import socketserver
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import pytest

from support.mailbox import Mailbox
from support.robot import Robot, running
from wangjian.operations.notifications import LIMIT, notify


@pytest.fixture
def robot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with Robot.running() as start:

        def connect(shape: str, path: str = "/send") -> list[dict[str, Any]]:
            monkeypatch.setenv("AIRFLOW_CONN_WANGJIAN_WEBHOOK", start(shape, path))
            return Robot.taken

        yield connect


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("wecom", {"msgtype": "text", "text": {"content": "标题\n电话138****2345"}}),
        ("dingtalk", {"msgtype": "text", "text": {"content": "标题\n电话138****2345"}}),
        ("feishu", {"msg_type": "text", "content": {"text": "标题\n电话138****2345"}}),
        ("plain", {"title": "标题", "text": "电话138****2345"}),
    ],
)
def test_each_robot_gets_its_shape_and_no_personal_number(robot: Any, shape: str, expected: dict[str, Any]) -> None:
    taken = robot(shape)
    assert notify("标题", "电话13879712345") == ["wangjian_webhook"]
    assert taken == [expected]


def test_a_long_message_is_shortened(robot: Any) -> None:
    taken = robot("plain")
    notify("标题", "长" * (LIMIT + 1))
    assert taken[0]["text"] == "长" * LIMIT + "…"


@pytest.mark.parametrize(
    ("shape", "path", "message"),
    [("wecom", "/refuse", "invalid webhook url"), ("wecom", "/broken", "500"), ("fax", "/send", "unknown shape: fax")],
)
def test_a_failing_channel_is_logged_and_fails_nothing_else(
    robot: Any, caplog: pytest.LogCaptureFixture, shape: str, path: str, message: str
) -> None:
    robot(shape, path)
    assert notify("标题", "文字") == []
    assert message in caplog.text


def test_a_mail_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    Mailbox.taken = []
    with running(socketserver.TCPServer(("127.0.0.1", 0), Mailbox)) as port:
        extra = {"from": "wangjian@example.com", "to": ["a@example.com", "b@example.com"], "starttls": False}
        found = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_WANGJIAN_SMTP", json.dumps(found))
        assert notify("网监数仓 失败", "第一行\n第二行") == ["wangjian_smtp"]
    message = message_from_bytes(Mailbox.taken[0], policy=policy.default)
    assert (message["Subject"], message["To"]) == ("网监数仓 失败", "a@example.com, b@example.com")
    assert message.get_content().split() == ["第一行", "第二行"]


@pytest.mark.parametrize("path", ["/send", "/broken", "/refuse"])
def test_a_robots_key_is_in_no_log(
    robot: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], path: str
) -> None:
    """A task of Airflow keeps the log lines of every library, so no library may log the address."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, logger="httpx")
    taken = robot("plain", f"{path}?key=CANARY-robot")
    notify("标题", "文字")
    assert len(taken) == 1
    assert "CANARY" not in caplog.text + "".join(capfd.readouterr())


def test_an_extra_that_is_not_json_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    connection = {"conn_type": "http", "host": "robot", "extra": "{key: CANARY-extra"}
    monkeypatch.setenv("AIRFLOW_CONN_WANGJIAN_WEBHOOK", json.dumps(connection))
    assert notify("标题", "文字") == []
    output = caplog.text + "".join(capfd.readouterr())
    assert "the extra of the connection is not JSON" in output
    assert "CANARY" not in output
