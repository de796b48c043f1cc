"""Kept publications on the command line: list them, query one, and refuse one that is not kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wangjian.core.paths import DataRoot
from wangjian.publishing import publish

Call = Callable[..., int]
FIRST, SECOND, THIRD = "20231231-001", "20231231-002", "20231231-003"


@pytest.fixture(autouse=True)
def shelf(data: DataRoot, build: Callable[..., Any], labels: Path) -> None:
    for number in (1, 2, 3):
        build(rows=number)
        publish(data, labels=labels, keep=2)


def test_the_list_marks_what_readers_see(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("rollback") == 0
    capsys.readouterr()
    assert call("publications") == 0
    newest, older, legend = capsys.readouterr().out.splitlines()
    assert newest.startswith(f"  {THIRD}  数据截至 as of 2023-12-31")
    assert older.startswith(f"→ {SECOND}") and "held back jiangxi/leads since 2023-02-02" in older
    assert "→ 读者所见" in legend


def test_the_list_for_machines(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("publications", "--json") == 0
    newest, older = json.loads(capsys.readouterr().out)
    assert (newest["publication_id"], newest["is_current"]) == (THIRD, True)
    assert (older["publication_id"], older["is_current"]) == (SECOND, False)
    assert Path(newest["file"]).stat().st_size == newest["byte_size"]


def test_a_kept_publication_can_be_queried(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["select count(*) as n from marts.fct_case", "--json"]
    assert call("sql", *asked) == 0
    assert call("sql", *asked, "--publication", SECOND) == 0
    assert [json.loads(line)[0]["n"] for line in capsys.readouterr().out.splitlines()] == [3, 2]


@pytest.mark.parametrize("command", [["sql", "select 1", "--publication"], ["rollback"]])
@pytest.mark.parametrize(("publication_id", "said"), [(FIRST, "was removed on"), ("20990101-001", "there never was")])
def test_a_publication_that_is_not_kept_is_refused(
    call: Call, capsys: pytest.CaptureFixture[str], command: list[str], publication_id: str, said: str
) -> None:
    assert call(*command, publication_id) == 2
    shown = capsys.readouterr().err
    assert said in shown and f"on_the_shelf={THIRD}, {SECOND}" in shown
