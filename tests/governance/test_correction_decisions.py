"""Corrections of wrong values: which are accepted, which one holds, and which are refused."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.landed import controlled, land
from wangjian.cli import main
from wangjian.core.errors import BadArguments
from wangjian.core.paths import DataRoot
from wangjian.governance.corrections import correct, withdraw_correction
from wangjian.ingestion.parsing import parse
from wangjian.ingestion.sources.registry import get_source
from wangjian.state.corrections import corrections

PARTIES = "立案号,序号,名称,主体类型,统一社会信用代码,证件号码"
WHO = {"reason": "当事人申请更正", "person": "李核"}


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    """Return a data root with a party that the source sent twice, the second time with another name."""
    data = DataRoot(tmp_path)
    for day, name in (("2023-01-02", "张三"), ("2023-01-03", "张山")):
        content = f"{PARTIES}\r\n案1,1,{name},自然人,,360702199003077715\r\n".encode("gb18030")
        land(data, "jiangxi", "case_parties", day, controlled("case_parties", content, 1))
    parse(get_source("jiangxi"), data)
    return data


def give(data: DataRoot, column: str = "party_name", right: str | None = "张叁", **changes: Any) -> Any:
    given = {"source": "jiangxi", "dataset": "case_parties", "key": ["案1", "1"]} | WHO | changes
    place = (given.pop("source"), given.pop("dataset"), given.pop("key"))
    return correct(data, *place, column, right, **given)


def test_the_wrong_value_is_that_of_the_newest_delivery(data: DataRoot) -> None:
    made = give(data)
    assert (made.wrong_value, made.right_value, made.row_key) == ("张山", "张叁", "案1|1")
    assert corrections(data) == [made]
    assert (data.state / "corrections.jsonl").stat().st_mode & 0o777 == 0o600


def test_the_last_decision_holds_until_it_is_withdrawn(data: DataRoot) -> None:
    give(data)
    last = give(data, right="张弎")
    other = give(data, column="uscc", right="x")
    assert sorted(found.right_value for found in corrections(data)) == ["x", "张弎"]
    withdraw_correction(data, last.correction_id, **WHO)
    assert corrections(data) == [other]
    with pytest.raises(BadArguments, match="no such correction holds"):
        withdraw_correction(data, last.correction_id, **WHO)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reason": " "}, "needs a reason and a person"),
        ({"person": ""}, "needs a reason and a person"),
        ({"dataset": "nothing"}, "no such dataset"),
        ({"column": "nothing"}, "this column cannot be corrected"),
        ({"column": "party_seq"}, "this column cannot be corrected"),
        ({"column": "id_no"}, "this column cannot be corrected"),
        ({"key": ["案1"]}, "1 values for a key of 2"),
        ({"key": ["案1", "2"]}, "no such row is parsed"),
        ({"right": "张山"}, "the newest delivery has this value already"),
        ({"column": "uscc", "right": ""}, "the newest delivery has this value already"),
        ({"day": date(2023, 1, 2)}, "the day of the delivery must not be given"),
        ({"source": "third_party", "dataset": "leads", "key": ["1"], "column": "operator_name"}, "the day of the delivery is needed"),
    ],
)  # fmt: skip
def test_unsuitable_corrections_are_refused(data: DataRoot, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadArguments, match=message):
        give(data, **changes)
    assert corrections(data) == []


def test_the_command_line(data: DataRoot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))

    def call(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["wangjian", "corrections", *arguments])
        main()
        return capsys.readouterr().out

    who = ("--reason", WHO["reason"], "--person", WHO["person"])
    output = call(
        "add", "jiangxi", "case_parties", "案1", "1", "--column", "party_name", "--to", "张叁", *who, "--json"
    )
    made = json.loads(output)
    assert made["instead of"] == "张山"
    shown = call("list")
    assert "张山 → 张叁  当事人申请更正  李核" in shown and "1 条 corrections" in shown
    call("withdraw", made["id"], *who)
    assert json.loads(call("list", "--json")) == []
