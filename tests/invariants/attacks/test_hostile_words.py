"""Hostile texts in arguments of commands, and in names that appear in terminals, logs and messages."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import logging
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from socketserver import TCPServer
from typing import Any

import duckdb
import pytest

from support.command import wangjian
from support.hostile_http import HostileServer, says
from support.mailbox import Mailbox
from support.robot import Robot, running
from support.small_warehouse import build, labels
from wangjian.core import airflow_names
from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.core.printable import printable
from wangjian.ingestion.parsing import parse
from wangjian.ingestion.sources.registry import get_source
from wangjian.operations.notifications import notify
from wangjian.orchestration.backfill import BackfillRequest
from wangjian.publishing import publish
from wangjian.state import Run, now, record_build, record_run

__all__ = ["build", "labels"]

Call = Callable[..., int]
SQL = ("'; drop table marts.fct_case; --", "x' or '1'='1", 'x"; attach \'escaped.duckdb\' as y; --', "x' union select * from read_text('/etc/passwd') --")  # fmt: skip
HOSTILE = (*SQL, "../../../escaped", "{{ 7*7 }}", "{% import os %}", "$(touch escaped)", "x\x00y", "%s%n")
TERMINAL = "\x1b[2J\x1b]0;all is well\x07\n2099-01-01 all is well\r\x9b31m\u202egnp.exe\u2028"


@pytest.fixture
def shown(data: DataRoot, build: Callable[..., Any], labels: Path) -> Path:
    """Return a small publication with a bad row whose texts are all hostile."""
    data.root.mkdir()
    # Without a parsed file the commands for corrections would end before they use the hostile column name.
    parse(get_source("jiangxi"), data)
    build()
    publish(data, labels=labels)
    path = (data.published / "warehouse.duckdb").resolve()
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create or replace table audit.quarantine as select
                'k1' as quarantine_key, 'jiangxi' as source, '' as provider, 'leads' as dataset, date '2023-07-01' as business_date,
                $text as original_name, $text as part, $text as sheet, 2 as row_number, 'f' as file_sha256, 'e' as export_id,
                'TYPE:' || $text as reason_codes, json_object('lead_no', $text) as original_values, date '2023-07-02' as first_seen_on;
            """,
            {"text": TERMINAL},
        )
        connection.execute("create table audit.mart_input (mart_name varchar, source varchar, dataset varchar)")
        connection.execute(
            "create or replace table audit.reason_code as select 'TYPE' as reason_code, '类型' as reason_name, 'Type' as reason_name_en"
        )
    with duckdb.connect(str(data.warehouse)) as connection:
        columns = "source varchar, provider varchar, dataset varchar, business_date date, export_id varchar, version integer, fail_codes varchar"
        connection.execute(f"create table audit.held_export ({columns})")
    record_build(data, "run")
    return path


@pytest.fixture
def call(data: DataRoot, shown: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Run `wangjian` in an empty folder and return its exit code. An exception other than its own fails the test."""
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    return wangjian


WHO = ("--reason", "r", "--person", "p")
COMMANDS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "trace a table": lambda word: ("trace", word, "case 1"),
    "trace a key": lambda word: ("trace", "fct_case", word),
    "trace a column": lambda word: ("trace", "fct_case", f"case_no={word}"),
    "trace a column of another name": lambda word: ("trace", "fct_case", f"{word}=1"),
    "export a table": lambda word: ("export", word, "--to", "out"),
    "export a table of a schema": lambda word: ("export", f"marts.{word}", "--to", "out"),
    "correct a source": lambda word: ("corrections", "add", word, "leads", "1", "--column", "status", "--to", "x", *WHO),
    "correct a dataset": lambda word: ("corrections", "add", "jiangxi", word, "1", "--column", "status", "--to", "x", *WHO),
    "correct a column": lambda word: ("corrections", "add", "jiangxi", "leads", "1", "--column", word, "--to", "x", *WHO),
    "correct a key": lambda word: ("corrections", "add", "jiangxi", "leads", word, "--column", "status", "--to", word, *WHO),
    "take a correction back": lambda word: ("corrections", "withdraw", word, *WHO),
    "bad rows of a source": lambda word: ("quarantine", "list", "--source", word),
    "bad rows of a reason": lambda word: ("quarantine", "list", "--reason", word),
    "a bad row": lambda word: ("quarantine", "show", word),
    "files of bad rows": lambda word: ("quarantine", "export", "--source", word, "--folder", "out"),
    "waive": lambda word: ("waive", word, "leads", "2023-07-01", *WHO),
    "take a waiver back": lambda word: ("unwaive", word, *WHO),
    "backfill a source": lambda word: ("backfill", "--source", word, "--from", "2023-07-01", "--to", "2023-07-01", "--reason", word, "--dry-run"),
    "backfill a dataset": lambda word: ("backfill", "--dataset", word, "--from", "2023-07-01", "--to", "2023-07-01", "--reason", word, "--dry-run"),
    "fetch": lambda word: ("ingest", word, "--from", "2023-07-01"),
    "parse": lambda word: ("parse", word),
    "compact": lambda word: ("compact", word),
    "go back": lambda word: ("rollback", word),
    "ask a publication": lambda word: ("sql", "--publication", word, "select 1"),
    "what a person took out": lambda word: ("audit", "show", "--person", word),
    "compare with a head": lambda word: ("audit", "verify", "--head", word),
}  # fmt: skip
NOTHING_FOUND = ("bad rows of a source", "bad rows of a reason", "files of bad rows", "what a person took out")


def test_no_argument_becomes_sql_a_path_or_a_template(
    call: Call, shown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = hashlib.sha256(shown.read_bytes()).digest()
    for name, word in itertools.product(COMMANDS, HOSTILE):
        code = call(*COMMANDS[name](word))
        said = "".join(capsys.readouterr())
        assert code == (0 if name in NOTHING_FOUND else 2), (name, word, said)
        assert "root:x:0:0" not in said and "49" not in said.replace(word, "")
    assert hashlib.sha256(shown.read_bytes()).digest() == before
    with duckdb.connect(str(shown), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.fct_case").fetchone() == (5,)
    assert not [path for path in tmp_path.rglob("*") if "escaped" in path.name]
    assert [path.name for path in (tmp_path / "here").rglob("*") if path.is_file()] == []


QUERIES = (
    "select * from read_text('/etc/passwd')", "copy marts.fct_case to 'escaped.csv'", "attach 'escaped.duckdb'", "install httpfs",
    "load httpfs", "drop table marts.fct_case", "set enable_external_access = true", "select * from 'http://127.0.0.1:9/x.csv'",
    "export database 'escaped'", "pragma enable_profiling; set profiling_output = 'escaped.json'", "create secret (type s3)",
)  # fmt: skip


def test_a_query_neither_writes_nor_accesses_anything_else(
    call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for query in QUERIES:
        assert call("sql", query) == 1, query
        assert "root:x:0:0" not in "".join(capsys.readouterr())
    assert not [path for path in tmp_path.rglob("*") if "escaped" in path.name]


SHOWING = (
    ("quarantine", "list"), ("quarantine", "show", "k1"), ("sql", "select original_name, original_values from audit.quarantine"),
    ("sql", "-- {word}\nselekt"), ("status",), ("health",), ("trace", "{word}", "1"), ("parse", "{word}"),
)  # fmt: skip


def test_no_name_commands_the_terminal(call: Call, data: DataRoot, capsys: pytest.CaptureFixture[str]) -> None:
    at = now()
    record_run(data, Run(run_id="r", step="ingest", source="jiangxi", started_at=at, ended_at=at, outcome="failed", message=TERMINAL))  # fmt: skip
    for arguments in SHOWING:
        call(*(argument.format(word=TERMINAL) for argument in arguments))
        said = "".join(capsys.readouterr())
        assert not set(said) & set("\x1b\x07\r\x9b\u202e\u2028"), arguments
        assert not [line for line in said.splitlines() if line.startswith("2099")], arguments


def test_what_is_seen_stays_as_it_is() -> None:
    for text in ("赣州市　蓉江新区", "a b　c", "😀 𠮷野家", "“约谈”—①", ""):
        assert printable(text) == text
    assert printable("a\nb\tc\x1b[2J\u202e\ud800") == r"a\nb\tc\x1b[2J\u202e\ud800"
    assert printable(printable("a\n")) == r"a\n"
    error = WangjianError(f"bad {TERMINAL}", file=Path(f"x{TERMINAL}"), fix=f"see {TERMINAL}")
    assert str(error).isprintable()


@pytest.mark.parametrize("changes", [{"datasets": (word,)} for word in HOSTILE] + [{"sources": (word,)} for word in HOSTILE])  # fmt: skip
def test_parameters_of_the_backfill_dag_are_existing_names(changes: dict[str, Any]) -> None:
    given = {"sources": ("jiangxi",), "date_from": "2023-07-01", "date_to": "2023-07-01", "reason": "r"} | changes
    with pytest.raises(BadArguments, match="unknown"):
        BackfillRequest.model_validate(given).require_sound()


def test_a_reason_of_a_backfill_is_one_line_of_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    from wangjian.orchestration.tasks import _progress, _say

    _say(f"backfill: {TERMINAL}")
    _progress(TERMINAL, 1, 1)
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert airflow_names.WRITER_POOL


def _webhook(monkeypatch: pytest.MonkeyPatch, server: HostileServer, shape: str = "plain") -> None:
    found = {"conn_type": "http", "schema": "http", "host": "127.0.0.1", "port": server.port, "extra": {"path": "/send", "shape": shape}}  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_WANGJIAN_WEBHOOK", json.dumps(found))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_robot_leads_nobody_to_another_host(
    attacker: HostileServer, inside: HostileServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    attacker.answers["/send"] = says({}, status, location=f"{inside.url}/admin")
    _webhook(monkeypatch, attacker)
    assert notify("标题", "文字") == []
    assert attacker.requests == ["POST /send"] and inside.requests == []


def test_a_robot_that_answers_without_end_is_given_up(
    attacker: HostileServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    attacker.answers["/send"] = attacker.endless(b" " * 2**16, content_type="application/json")
    _webhook(monkeypatch, attacker)
    assert notify("标题", "文字") == []
    assert "larger than 65536 bytes" in caplog.text
    assert attacker.sent < 32 * 2**20


def test_a_robots_refusal_is_one_line_of_the_log(
    attacker: HostileServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    attacker.answers["/send"] = says({"errcode": 1, "errmsg": TERMINAL}, content_type="application/json")
    _webhook(monkeypatch, attacker)
    notify("标题", "文字")
    (record,) = [record for record in caplog.records if "the message was not sent" in record.message]
    assert record.getMessage().isprintable()


def test_a_message_calls_nobody_and_is_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    with Robot.running() as start:
        monkeypatch.setenv("AIRFLOW_CONN_WANGJIAN_WEBHOOK", start("feishu", "/send"))
        notify('标题<at user_id="all">', f'店铺<at user_id="all"></at>{TERMINAL}\n第二行')
        (taken,) = Robot.taken
    text = taken["content"]["text"]
    assert "<at" not in text
    assert not set(text) & set("\x1b\x07\r\x9b\u202e\u2028")


def test_no_name_adds_a_header_to_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    Mailbox.taken = []
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(running(TCPServer(("127.0.0.1", 0), Mailbox)))
        extra = {"from": "wangjian@example.com", "to": ["a@example.com"], "starttls": False}
        monkeypatch.setenv("AIRFLOW_CONN_WANGJIAN_SMTP", json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}))  # fmt: skip
        assert notify(
            "失败\r\nBcc: attacker@example.com\r\n\r\nbody", ".\r\nRCPT TO:<attacker@example.com>\r\n文字"
        ) == ["wangjian_smtp"]
    (taken,) = Mailbox.taken
    message = message_from_bytes(taken, policy=policy.default)
    assert message["Bcc"] is None and message["To"] == "a@example.com"
    assert "Bcc" in message["Subject"]
