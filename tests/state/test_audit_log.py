"""The audit log is a chain: several writers and crashes leave it whole, and any other change to it is reported."""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.robot import Robot
from wangjian.cli import main
from wangjian.core.errors import BadArguments
from wangjian.core.masking import masked
from wangjian.core.paths import DataRoot
from wangjian.state.audit_chain import verify_audit_log
from wangjian.state.audit_log import Access, Head, head_file, last_head, log_file, record_access, records

Lines = list[bytes]
Call = Callable[..., tuple[int, str]]


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path)


def write(data: DataRoot, count: int = 5) -> Lines:
    for number in range(count):
        access = Access(
            action="OPENED_CLEAR",
            purpose="核对",
            table_name=f"t{number}",
            row_count=number,
            selection={"dataset": "leads"},
        )
        record_access(data, access)
    return lines_of(data)


def lines_of(data: DataRoot) -> Lines:
    return log_file(data).read_bytes().splitlines(keepends=True)


def faults(data: DataRoot, *anchors: Head) -> tuple[str, ...]:
    return verify_audit_log(data, anchors).faults


def test_each_record_names_the_one_before(data: DataRoot) -> None:
    write(data, 3)
    written = records(data)
    assert [record.seq for record in written] == [1, 2, 3]
    assert written[0].previous == "0" * 64
    assert len({record.previous for record in written}) == 3
    assert written[0].person and written[0].at.tzinfo
    assert faults(data) == ()
    assert log_file(data).stat().st_mode & 0o777 == head_file(data).stat().st_mode & 0o777 == 0o600


def test_an_empty_log_is_whole(data: DataRoot) -> None:
    assert faults(data) == ()


def change(lines: Lines) -> Lines:
    return [lines[0], lines[1].replace(b'"row_count":1', b'"row_count":9'), *lines[2:]]


def change_the_last(lines: Lines) -> Lines:
    return [*lines[:-1], lines[-1].replace(b"t4", b"tX")]


def change_the_first_link(lines: Lines) -> Lines:
    return [lines[0].replace(b"0" * 64, b"1" * 64), *lines[1:]]


def swap(lines: Lines) -> Lines:
    return [lines[0], lines[2], lines[1], *lines[3:]]


def make_no_record(lines: Lines) -> Lines:
    return [*lines[:2], b"rubbish\n", *lines[3:]]


def add_one(lines: Lines) -> Lines:
    """Add a record as a person would who knows the format, but not that each record holds a hash."""
    made = json.loads(lines[-1]) | {"seq": 6}
    return [*lines, json.dumps(made).encode() + b"\n"]


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (change, "record 2 was changed: line 3 names another hash of it"),
        (change_the_last, "record 5 was changed: the head that was kept names another hash of it"),
        (change_the_first_link, "record 1 was changed"),
        (lambda lines: lines[1:], "record 1 is missing before line 1"),
        (lambda lines: [lines[0], *lines[3:]], "records 2 to 3 are missing before line 2"),
        (lambda lines: lines[:-1], "record 5 is missing at the end: the head that was kept counts 5 records"),
        (lambda lines: lines[:2], "records 3 to 5 are missing at the end"),
        (lambda _: [], "records 1 to 5 are missing at the end"),
        (swap, "record 2 is missing before line 2"),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], "record 2 at line 3 is out of order or a duplicate"),
        (make_no_record, "record 3 is missing before line 4"),
        (add_one, "record 5 was changed: line 6 names another hash of it"),
    ],
)
def test_any_harm_is_detected_and_named(data: DataRoot, harm: Callable[[Lines], Lines], message: str) -> None:
    lines = write(data)
    log_file(data).write_bytes(b"".join(harm(lines)))
    assert any(fault.startswith(message) for fault in faults(data)), faults(data)


def test_every_single_byte_counts(data: DataRoot) -> None:
    whole = b"".join(write(data, 3))
    for at in range(0, len(whole), 7):
        harmed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        log_file(data).write_bytes(harmed)
        assert faults(data), harmed[:at][-20:]
    log_file(data).write_bytes(whole)
    assert faults(data) == ()


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (change, "record 2 was changed: line 3 names another hash of it"),
        (change_the_last, "record 5 was changed: line 6 names another hash of it"),
        (lambda lines: lines[:-2], "records 4 to 5 are missing before line 4"),
        (lambda _: [], "records 1 to 5 are missing before line 1"),
    ],
)
def test_harm_is_still_detected_after_more_records(
    data: DataRoot, harm: Callable[[Lines], Lines], message: str
) -> None:
    lines = write(data)
    log_file(data).write_bytes(b"".join(harm(lines)))
    write(data, 2)
    assert faults(data) == (message,)


def test_only_an_anchor_outside_detects_a_rewritten_chain(data: DataRoot) -> None:
    write(data)
    anchor = Head.parse(str(last_head(data)))
    log_file(data).unlink()
    head_file(data).unlink()
    write(data, 7)
    assert faults(data) == ()
    assert faults(data, anchor)[0].startswith("record 5 was changed: the anchor 5:")


def test_an_old_anchor_holds_while_the_chain_grows(data: DataRoot) -> None:
    write(data, 2)
    anchor = last_head(data)
    write(data, 3)
    assert faults(data, anchor) == ()


def test_a_lost_head_is_reported(data: DataRoot) -> None:
    write(data, 2)
    messages = ("audit_head.json is missing or not valid: records may be missing at the end",)
    head_file(data).write_text("{}")
    assert faults(data) == messages
    head_file(data).unlink()
    assert faults(data) == messages


def test_a_crash_within_the_first_record_is_no_harm(data: DataRoot) -> None:
    write(data, 1)
    head_file(data).unlink()
    assert faults(data) == ()
    write(data, 1)
    assert faults(data) == ()


def test_an_interrupted_write_costs_only_its_own_record(data: DataRoot) -> None:
    lines = write(data, 2)
    log_file(data).write_bytes(b"".join(lines) + lines[0][:40])
    assert faults(data) == ()
    write(data, 1)
    result = verify_audit_log(data)
    assert (result.count, result.faults, result.notes) == (3, (), ("line 3 is torn: its write was interrupted",))


def test_a_record_without_its_line_break_or_its_head_counts(data: DataRoot) -> None:
    write(data, 2)
    head = head_file(data).read_bytes()
    write(data, 1)
    head_file(data).write_bytes(head)
    log_file(data).write_bytes(log_file(data).read_bytes().rstrip(b"\n"))
    assert faults(data) == ()
    write(data, 1)
    result = verify_audit_log(data)
    assert (result.count, result.faults, result.notes) == (4, (), ())


def _write_many(root: Path) -> None:
    write(DataRoot(root), 25)


def test_several_processes_write_one_chain(data: DataRoot) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_many, args=(data.root,)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    result = verify_audit_log(data)
    assert (result.count, result.faults, result.notes) == (100, (), ())


def test_records_from_before_the_chain_become_part_of_it(data: DataRoot) -> None:
    data.state.mkdir()
    (data.state / "exports.jsonl").write_text('{"purpose": "x"}\n{"purpose": "y"}\n')
    write(data, 2)
    first, *others = records(data)
    assert (first.action, first.row_count, first.file_name) == ("CARRIED_OVER", 2, "exports.jsonl")
    assert [record.action for record in others] == ["OPENED_CLEAR"] * 2


@pytest.mark.parametrize("number", ["13912345678", "6212345678901234", "07971234567", "360702199003077715"])
def test_a_head_goes_through_messages_unmasked(number: str) -> None:
    digits = f"{number:a<64}"
    assert masked(digits, names=False) != digits
    text = str(Head(seq=12, sha256=digits))
    assert masked(f"链头 head {text}", names=False) == f"链头 head {text}"
    assert Head.parse(text) == Head(seq=12, sha256=digits)


def test_a_text_that_is_not_a_head_is_refused() -> None:
    with pytest.raises(BadArguments, match="not the head of an audit log"):
        Head.parse("12:abc")


# the command line ----------------------------------------------------------------------------------------------------


@pytest.fixture
def call(data: DataRoot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setenv("WANGJIAN_DATA", str(data.root))
        monkeypatch.setattr(sys, "argv", ["wangjian", "audit", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, capsys.readouterr().out

    return run


def test_show_and_verify(data: DataRoot, call: Call) -> None:
    lines = write(data, 3)
    code, shown = call("show")
    assert code == 0 and "事由 purpose: 核对" in shown and "dataset=leads" in shown and "3 条 records" in shown
    assert len(json.loads(call("show", "--person", records(data)[0].person, "--json")[1])) == 3
    assert json.loads(call("show", "--person", "nobody", "--json")[1]) == []
    assert json.loads(call("show", "--to", "2000-01-01", "--json")[1]) == []
    code, output = call("verify")
    assert code == 0 and output.startswith("完整 whole: 3 条 records")
    log_file(data).write_bytes(b"".join(change(lines)))
    code, output = call("verify")
    assert code == 1 and "✘ record 2 was changed" in output
    assert json.loads(call("verify", "--json")[1])["is_whole"] is False


def test_a_head_that_was_sent_outside_detects_a_removed_record(
    data: DataRoot, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(data, 3)
    assert call("head")[1].strip() == str(last_head(data))
    assert call("head", "--tell")[0] == 1
    with Robot.running() as start:
        monkeypatch.setenv("AIRFLOW_CONN_WANGJIAN_WEBHOOK", start("plain", "/send"))
        code, output = call("head", "--tell")
        assert code == 0 and "wangjian_webhook" in output
        anchor = Robot.taken[0]["text"].removeprefix("链头 head ")
    assert call("verify", "--head", anchor)[0] == 0
    log_file(data).write_bytes(b"".join(lines_of(data)[:2]))
    head_file(data).unlink()
    code, output = call("verify", "--head", anchor)
    assert code == 1 and "record 3 is missing at the end: the anchor 3:" in output
