"""The command line: exit codes, error messages with a fix, output for machines."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from support.landed import land, penalties
from wangjian.core.errors import ChecksFailed
from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.registry import load_registry
from wangjian.state import record_run

Call = Callable[..., int]


def test_help_lists_every_command(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--help") == 0
    shown = capsys.readouterr().out
    for command in (
        "ingest",
        "parse",
        "build",
        "check",
        "publish",
        "publications",
        "rollback",
        "rebuild",
        "compact",
        "status",
        "sql",
        "docs",
        "quarantine",
        "backfill",
        "waive",
        "health",
        "archive",
        "housekeeping",
        "trace",
        "bulletin",
        "export",
        "simulate",
        "backup",
        "restore",
        "metrics",
    ):
        assert f"\n  {command} " in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ingest", "nowhere", "--from", "2023-01-01"], "nowhere"),
        (["ingest", "jiangxi", "--from", "1 January"], "1 January"),
        (["ingest", "jiangxi"], "--from"),
        (["brew"], "brew"),
    ],
)
def test_wrong_arguments_end_with_2_and_name_what_is_wrong(
    call: Call, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert call(*arguments) == 2
    assert said in capsys.readouterr().err


def test_an_error_says_where_and_what_to_do(call: Call, capsys: pytest.CaptureFixture[str], data: DataRoot) -> None:
    assert call("publish") == 1
    shown = capsys.readouterr().err
    assert shown.startswith("✘ there is no warehouse")
    assert f"[file={data.warehouse}] → run `wangjian build`" in shown


def test_a_build_before_the_first_parse_says_what_to_run(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("build") == 1
    assert "wangjian parse" in capsys.readouterr().err


def test_failed_checks_end_with_3(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ChecksFailed("1 critical check failed")

    monkeypatch.setattr("wangjian.orchestration.pipeline.check", fails)
    assert call("check") == 3


def test_status_of_an_empty_data_root(call: Call, capsys: pytest.CaptureFixture[str], data: DataRoot) -> None:
    assert call("status", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["data root"] == str(data.root)
    assert shown["publication"] is None


def test_parsing_without_exports_succeeds(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("parse", "jiangxi", "--json") == 0
    assert json.loads(capsys.readouterr().out)["files"] == 0


def test_sql_before_the_first_publication_says_so(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("sql", "select 1") == 1
    assert "publi" in capsys.readouterr().err


def test_a_period_that_is_not_allowed_ends_with_2_and_is_named(
    call: Call, capsys: pytest.CaptureFixture[str], data: DataRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    periods = data.root / "periods.yml"
    periods.write_text("run_log: {months: 3}")
    monkeypatch.setenv("WANGJIAN_RETENTION", str(periods))
    assert call("housekeeping", "--dry-run") == 2
    shown = capsys.readouterr().err
    assert "run_log.months" in shown and str(periods) in shown


def test_housekeeping_lists_what_it_would_remove(
    call: Call, capsys: pytest.CaptureFixture[str], data: DataRoot
) -> None:
    old = data.scratch / "dbt.log"
    old.parent.mkdir(parents=True)
    old.write_text("x")
    os.utime(old, (0, 0))
    assert call("housekeeping", "--dry-run", "--json") == 0
    (item,) = json.loads(capsys.readouterr().out)["cleared"]
    assert (item["kind"], item["name"], old.exists()) == ("scratch", "dbt.log", True)
    assert call("housekeeping") == 0
    assert "删除 removed" in capsys.readouterr().out
    assert not old.exists()


def test_health_of_an_empty_data_root_ends_with_1_and_names_each_source(
    call: Call, capsys: pytest.CaptureFixture[str], data: DataRoot
) -> None:
    land(data, "jiangxi", "leads", "2023-01-02", penalties())
    with record_run(data, "ingest", source="jiangxi"):
        pass
    assert call("health") == 1
    lines = capsys.readouterr().out.splitlines()
    (jiangxi,) = [line for line in lines if "jiangxi" in line]
    assert all(
        part in jiangxi for part in ("2023-01-02 (", "天前 days ago", "ingest succeeded", "bad rows 0", "not held back")
    )
    assert "✘ nothing is published" in lines
    assert lines[-1] == "不正常 not well"
    assert call("health", "--json") == 1
    state = json.loads(capsys.readouterr().out)
    assert state["is_well"] is False
    assert [source["source"] for source in state["sources"]] == list(load_registry())
    assert {"last_business_date", "age_days", "last_outcome", "open_quarantine", "held", "problems"} <= state[
        "sources"
    ][0].keys()
    assert {"publication_id", "as_of", "publication_age_hours", "problems"} <= state.keys()
