"""An erasure removes a person's data from landing and raw, changes nothing else, and records who requested and approved it."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from support.landed import controlled, land, raw_rows
from support.searching import found_in
from wangjian.cli import main
from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.governance.corrections import correct
from wangjian.governance.erasure import approve_erasure, due, request_erasure, withdraw_erasure
from wangjian.governance.erasure.marks import ERASED
from wangjian.ingestion.landing.archived import landing_of, require_everything
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing import parse
from wangjian.ingestion.parsing.formats.delimited import Delimited
from wangjian.ingestion.sources.registry import get_source
from wangjian.operations.archive import archive
from wangjian.state.audit_chain import verify_audit_log
from wangjian.state.audit_log import records
from wangjian.state.corrections import corrections
from wangjian.state.erasures import erasures

HEADER = "立案号,序号,名称,主体类型,统一社会信用代码,证件号码"
ZHANG, LI = "张三丰子", "李四光子"
NUMBER, OTHER = "360702199003074518", "360702198805112346"
WHO = {"reason": "当事人申请", "person": "王一"}
FIRST = ("赣市监立案〔2023〕1号", "1")


def parties(*rows: str) -> dict[str, bytes]:
    content = "\r\n".join([HEADER, *rows, ""]).encode("gb18030")
    return controlled("case_parties", content, len(rows))


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    """Return a data root with two parties on two days of a month, one of them again in the next month, and a page that cannot be read."""
    data = DataRoot(tmp_path / "data")
    zhang, li = f"{FIRST[0]},1,{ZHANG},自然人,,{NUMBER}", f"赣市监立案〔2023〕2号,1,{LI},自然人,,{OTHER}"
    land(data, "jiangxi", "case_parties", "2023-01-02", parties(zhang, li))
    land(data, "jiangxi", "case_parties", "2023-01-03", parties(li, zhang))
    land(data, "jiangxi", "case_parties", "2023-02-02", parties(zhang.replace("自然人", "个体")))
    land(data, "jiangxi", "inspections", "2023-01-02", {"inspections.csv": f"{ZHANG}\n\0".encode()})
    parse(get_source("jiangxi"), data)
    return data


def rows(data: DataRoot) -> list[tuple[object, ...]]:
    files = str(data.raw / "jiangxi" / "case_parties" / "*" / "*.parquet")
    with duckdb.connect() as connection:
        return connection.execute(
            """
            select _business_date, _row_number, case_no, party_seq, party_kind, _file_sha256, _export_id, party_name, id_no
            from read_parquet($files) order by all
            """,
            {"files": files},
        ).fetchall()


def erase_zhang(data: DataRoot) -> None:
    plan = request_erasure(data, "jiangxi", "case_parties", FIRST, **WHO)
    assert (plan.row_count, len(plan.files), plan.erasure.column_names) == (3, 3, ("id_no", "party_name"))
    approve_erasure(data, plan.erasure.erasure_id, person="赵二")


def test_the_values_of_a_person_are_erased_and_nothing_else(data: DataRoot) -> None:
    before = rows(data)
    exports = list(Landing(data.landing).exports())
    correct(data, "jiangxi", "case_parties", FIRST, "party_name", f"{ZHANG}改", reason="校核", person="李核")
    assert found_in(data.root, [NUMBER])
    erase_zhang(data)

    after = rows(data)
    assert [row[:-2] for row in after] == [row[:-2] for row in before]
    for one, other in zip(before, after, strict=True):
        if one[7] == ZHANG:
            assert str(other[7]).startswith(ERASED) and other[8] != one[8] and len(str(other[8])) == len(str(one[8]))
        else:
            assert other == one
    # Rows of one person must still belong together: equal values get equal marks.
    assert len({row[7:] for row in after}) == 2
    (correction,) = corrections(data)
    assert str(correction.wrong_value).startswith(ERASED) and str(correction.right_value).startswith(ERASED)
    # Except the file that cannot be read: it has no rows and can only be erased as a whole.
    assert found_in(data.root, [NUMBER]) == []
    assert [hit.split("/")[1] for hit in found_in(data.root, [ZHANG])] == ["objects"]
    assert list(Landing(data.landing).exports()) == exports
    require_everything(data)


def test_a_second_parse_gives_the_same_rows(data: DataRoot) -> None:
    erase_zhang(data)
    before = raw_rows(data, "jiangxi", "case_parties")
    parse(get_source("jiangxi"), data, again=lambda *_: True)
    assert raw_rows(data, "jiangxi", "case_parties") == before


def test_erased_values_do_not_return_with_the_same_file(data: DataRoot) -> None:
    erase_zhang(data)
    left = rows(data)
    zhang = f"{FIRST[0]},1,{ZHANG},个体,,{NUMBER}"
    land(data, "jiangxi", "case_parties", "2023-02-02", parties(zhang))
    parse(get_source("jiangxi"), data, again=lambda *_: True)
    assert rows(data) == left
    assert found_in(data.root, [NUMBER]) == []


def test_an_interrupted_erasure_is_continued(data: DataRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = request_erasure(data, "jiangxi", "case_parties", FIRST, **WHO)
    name, erase, done = plan.erasure.erasure_id, Landing.erase, []

    def once(self: Landing, sha256: str, left: bytes) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(erase(self, sha256, left))

    monkeypatch.setattr(Landing, "erase", once)
    with pytest.raises(KeyboardInterrupt):
        approve_erasure(data, name, person="赵二")
    monkeypatch.setattr(Landing, "erase", erase)
    assert [item.step for item in erasures(data)] == ["APPROVED"]
    approve_erasure(data, name, person="王一")
    assert [item.step for item in erasures(data)] == ["DONE"]
    assert found_in(data.root, [NUMBER]) == []
    # Equal marks before and after the interruption: the key is kept until the end.
    assert len({row[7:] for row in rows(data)}) == 2
    assert list((data.state / "erasures").iterdir()) == []


def test_a_kill_between_the_new_and_the_old_file_leaves_no_value(
    data: DataRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = request_erasure(data, "jiangxi", "case_parties", FIRST, **WHO)
    unlink = Path.unlink

    def killed(self: Path, missing_ok: bool = False) -> None:
        if "objects" in self.parts and not self.name.endswith(".tmp"):
            raise KeyboardInterrupt
        unlink(self, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            approve_erasure(data, plan.erasure.erasure_id, person="赵二")
    approve_erasure(data, plan.erasure.erasure_id, person="赵二")
    assert found_in(data.root, [NUMBER]) == []


def test_exports_older_than_the_period_are_due_until_they_are_erased(
    data: DataRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site := tmp_path / "periods.yml").write_text("personal_data: {months: 12}")
    monkeypatch.setenv("WANGJIAN_RETENTION", str(site))
    assert due(data, date(2024, 1, 31)) == []
    (found,) = due(data, date(2024, 2, 1))
    expected = ("jiangxi", "case_parties", 2, date(2023, 1, 2), date(2023, 2, 1))
    assert (found.source, found.dataset, found.exports, found.oldest, found.before) == expected
    plan = request_erasure(data, "jiangxi", "case_parties", before=found.before, **WHO)
    assert due(data, date(2024, 2, 1)) == [found]
    approve_erasure(data, plan.erasure.erasure_id, person="赵二")
    assert due(data, date(2024, 2, 1)) == []
    (later,) = due(data, date(2024, 3, 1))
    assert (later.exports, later.oldest) == (1, date(2023, 2, 2))


def test_an_erasure_by_age(data: DataRoot) -> None:
    plan = request_erasure(data, "jiangxi", "case_parties", before=date(2023, 1, 3), **WHO)
    assert (plan.row_count, len(plan.files)) == (2, 1)
    approve_erasure(data, plan.erasure.erasure_id, person="赵二")
    names = {str(row[0]): {r[7] for r in rows(data) if r[0] == row[0]} for row in rows(data)}
    assert names["2023-01-03"] == {ZHANG, LI} and names["2023-02-02"] == {ZHANG}
    assert len(names["2023-01-02"]) == 2 and all(str(name).startswith(ERASED) for name in names["2023-01-02"])


def test_a_whole_file_without_rows_is_erased(data: DataRoot) -> None:
    (export,) = landing_of(data).exports("jiangxi", "inspections")
    (file,) = export.files
    plan = request_erasure(data, "jiangxi", "inspections", file_sha256=file.sha256, **WHO)
    approve_erasure(data, plan.erasure.erasure_id, person="赵二")
    assert Landing(data.landing).read(file.sha256) == b""
    (parsed,) = landing_of(data).exports("jiangxi", "case_parties", {date(2023, 2, 2)})
    with pytest.raises(BadArguments, match="holds rows that are in the warehouse"):
        request_erasure(data, "jiangxi", "case_parties", file_sha256=parsed.files[0].sha256, **WHO)


def test_the_audit_log_names_who_decided_and_not_the_erased_person(data: DataRoot) -> None:
    erase_zhang(data)
    asked, done = records(data)
    assert (asked.action, done.action) == ("ERASURE_REQUESTED", "ERASED")
    assert asked.row_count == done.row_count == 3 and asked.selection["key"] == "|".join(FIRST)
    assert verify_audit_log(data).is_whole
    (erasure,) = erasures(data)
    assert (erasure.step, erasure.person, erasure.reason) == ("DONE", "赵二", "当事人申请")


def test_unsuitable_requests_are_refused(data: DataRoot, tmp_path: Path) -> None:
    plan = request_erasure(data, "jiangxi", "case_parties", FIRST, **WHO)
    name = plan.erasure.erasure_id
    with pytest.raises(BadArguments, match="the person who requested an erasure cannot approve it"):
        approve_erasure(data, name, person="王一")
    withdraw_erasure(data, name, reason="误报", person="王一")
    with pytest.raises(BadArguments, match="WITHDRAWN already"):
        approve_erasure(data, name, person="赵二")
    for faults in (
        {"key": ()},
        {"before": date(2023, 1, 1)},
        {"key": ("no such",)},
        {"key": ("no such", "1")},
        {"dataset": "nothing"},
        {"columns": ("case_no",)},
        {"reason": " "},
        {"dataset": "case_penalties", "key": (*FIRST, "1")},
    ):
        given = {"dataset": "case_parties", "key": FIRST, **WHO, **faults}
        with pytest.raises(BadArguments):
            request_erasure(data, "jiangxi", given.pop("dataset"), given.pop("key"), **given)
    archive(data, date(2023, 2, 1), tmp_path / "archive", ("jiangxi",))
    with pytest.raises(BadArguments, match=r"are in an archive.*wangjian archive restore"):
        request_erasure(data, "jiangxi", "case_parties", FIRST, **WHO)


def test_archiving_skips_erased_files(data: DataRoot, tmp_path: Path) -> None:
    plan = request_erasure(data, "jiangxi", "case_parties", before=date(2023, 1, 3), **WHO)
    approve_erasure(data, plan.erasure.erasure_id, person="赵二")
    report = archive(data, date(2023, 2, 1), tmp_path / "archive", ("jiangxi",))
    assert {str(item.key.business_date) for item in report.plan.exports if item.key.dataset == "case_parties"} == {
        "2023-01-03"
    }
    require_everything(data)


def test_a_file_that_would_lose_more_is_not_changed(data: DataRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    before = found_in(data.root, [NUMBER])
    plan = request_erasure(data, "jiangxi", "case_parties", FIRST, **WHO)
    monkeypatch.setattr(Delimited, "redact", lambda _, content, *__: content[: content.rfind(b"\r\n", 0, -2) + 2])
    with pytest.raises(WangjianError, match="more than the requested values"):
        approve_erasure(data, plan.erasure.erasure_id, person="赵二")
    assert found_in(data.root, [NUMBER]) == before


def test_the_command_line(data: DataRoot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))

    def call(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["wangjian", "erasures", *arguments])
        main()
        return capsys.readouterr().out

    asked = json.loads(
        call("request", "jiangxi", "case_parties", *FIRST, "--reason", "申请", "--person", "王一", "--json")
    )
    assert (asked["rows"], asked["files"]) == (3, 3)
    assert asked["id"] in call("list") and "REQUESTED" in call("list")
    done = json.loads(call("approve", asked["id"], "--person", "赵二", "--json"))
    assert done["rows"] == 3
    (listed,) = json.loads(call("list", "--json"))
    assert (listed["id"], listed["step"]) == (asked["id"], "DONE")
