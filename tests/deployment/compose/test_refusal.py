"""Nothing starts with an unset, example or short password, and the message names it and the fix."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.containers.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.mark.parametrize(
    ("name", "value", "zh", "en"),
    [
        ("POSTGRES_PASSWORD", "", "未设置", "not set"),
        ("AIRFLOW_ADMIN_PASSWORD", "CHANGE_ME", "示例", "example"),
        ("SITE_PASSWORD", "admin", "不足", "shorter"),
    ],
)
def test_nothing_starts(installed: Stack, tmp_path: Path, name: str, value: str, zh: str, en: str) -> None:
    shutil.copy(installed.env, tmp_path)
    stack = Stack(installed.engine, tmp_path / ".env", "wangjian-refused")
    stack.set({name: value})
    try:
        assert stack.compose("up", "--detach", check=False).returncode != 0
        states = stack.states()
        assert {state for service, state in states.items() if service != "preflight"} == {"created 0"}
        output = stack.compose("logs", "--no-log-prefix", "preflight").stdout
    finally:
        stack.compose("down", "--volumes")
    (line,) = [line for line in output.splitlines() if "✘" in line]
    assert name in line and zh in line and en in line and "make env" in line
    assert not value or f"={value}" not in line
