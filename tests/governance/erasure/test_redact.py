"""A file without some values is otherwise the file that it was: whatever stands in it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
from hypothesis import given
from hypothesis import strategies as st

from wangjian.core.paths import DataRoot
from wangjian.governance.erasure.marks import ERASED, destroy_key, marks_of
from wangjian.ingestion.parsing.formats.delimited import Delimited
from wangjian.ingestion.parsing.formats.json_pages import JsonPages
from wangjian.ingestion.parsing.formats.workbook import Workbook
from wangjian.ingestion.parsing.records import Field
from wangjian.ingestion.sources.contract import Column, Dataset
from wangjian.ingestion.sources.provider import FileLayout, HeaderLayout

FIELDS = [
    Field("number", ("编号",), required=True),
    Field("name", ("名称",), required=False),
    Field("note", ("备注",), required=False),
]
NAME = Column(name="name", data_type="text", zh="名称", header="name")
PAGES = JsonPages(
    Dataset(source="x", name="y", zh="z", key=("name",), mode="full", on_critical="hold", columns=(NAME,))
)
CELLS = st.text(st.characters(codec="gb18030", exclude_characters="\0"), max_size=8)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6)


def mark(value: str) -> str:
    return f"{ERASED}{len(value)}" if value and not value.startswith(ERASED) else value


def as_csv(rows: list[tuple[str, ...]], ending: str = "\r\n") -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator=ending).writerows([("编号", "名称", "备注"), *rows])
    return out.getvalue()


@given(ROWS, st.data(), st.sampled_from(["\r\n", "\n"]), st.sampled_from(["gb18030", "utf-8", "utf-8-sig"]))
def test_csv(rows: list[tuple[str, ...]], data: st.DataObject, ending: str, encoding: str) -> None:
    content = as_csv(rows, ending).encode(encoding)
    encodings = ["utf-8-sig"] if encoding.startswith("utf-8") else [encoding]
    before = Delimited(FIELDS, encodings).read(content)
    numbers = data.draw(st.sets(st.sampled_from(before.numbers or [2])))
    left = Delimited(FIELDS, encodings).redact(content, {"name"}, {"": numbers}, mark)
    after = Delimited(FIELDS, encodings).read(left)
    assert after.numbers == before.numbers
    for (_, one), (_, other) in zip(before.rows(), after.rows(), strict=True):
        is_erased = one.number in numbers and one.values["name"]
        assert other.values == dict(one.values) | ({"name": mark(one.values["name"] or "")} if is_erased else {})
    assert left.startswith(b"\xef\xbb\xbf") == content.startswith(b"\xef\xbb\xbf")
    if not numbers:
        assert left == content


def test_a_line_break_in_a_value_stays_within_its_row_whatever_ends_the_lines() -> None:
    content = '编号,名称,备注\n1,"张三\r",a\n2,"李四\r\n",b\n'.encode("gb18030")
    left = Delimited(FIELDS, ["gb18030"]).redact(content, {"name"}, {"": {2, 4}}, mark)
    after = Delimited(FIELDS, ["gb18030"]).read(left)
    assert (after.numbers, after.columns["note"]) == ([2, 4], ["a", "b"])


def test_the_lines_that_are_not_meant_keep_their_bytes() -> None:
    content = '编号,名称,备注\r\n1,"张三\r\n电话",a\r\n2, "李,四" ,b\r\n'.encode("gb18030")
    left = Delimited(FIELDS, ["gb18030"]).redact(content, {"name"}, {"": {2}}, mark)
    assert left.decode("gb18030") == '编号,名称,备注\r\n1,"已删除6\r\n",a\r\n2, "李,四" ,b\r\n'


def test_a_column_that_nobody_knows_and_that_looks_personal_goes_too() -> None:
    content = "编号,名称,举报人身份证\n1,甲,360702\n2,乙,360703\n".encode()
    left = Delimited(FIELDS, ["utf-8"]).redact(content, {"name"}, {"": {3}}, mark)
    assert left.decode() == "编号,名称,举报人身份证\n1,甲,360702\n2,已删除1,已删除6\n"


# pages with NUL or halves of signs are rejected
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.fixed_dictionaries({"name": JSON, "other": JSON}), min_size=1, max_size=4), st.data())
def test_page(records: list[dict[str, object]], data: st.DataObject) -> None:
    number = data.draw(st.integers(1, len(records)))
    content = json.dumps({"total": 1, "records": records}).encode()
    left = json.loads(PAGES.redact(content, {"name"}, {"": {number}}, mark))
    gone = left["records"][number - 1]
    assert gone["name"] is None if records[number - 1]["name"] is None else isinstance(gone["name"], str)
    assert left["records"] == [
        gone | {"other": record["other"]} if place == number else record
        for place, record in enumerate(records, start=1)
    ]


def test_numbers_of_a_page_stay_as_they_are_written() -> None:
    content = (
        b'{"total": 1, "records": [{"price": 12.50, "big": 123456789012345678901234567890, "e": 1E5, "name": -0}]}'
    )
    left = PAGES.redact(content, {"name"}, {"": {1}}, mark)
    assert left.decode() == (
        '{"total":1,"records":[{"price":12.50,"big":123456789012345678901234567890,"e":1E5,"name":"已删除2"}]}'
    )


def test_workbook() -> None:
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("南康")):
        sheet.append(["2023年监测"])
        sheet.append(["编号", "名称", "备注"])
        sheet.append([1.5, "张三", "=1+1"])
        sheet.append([12345678901, "李四", None])
        sheet["C4"].hyperlink = "http://shop.example/李四"
    (out := io.BytesIO(), book.save(out))
    layout = FileLayout(dataset="leads", name="x{period}.xlsx", format="xlsx", header=HeaderLayout(search_rows=5))
    format_ = Workbook(layout, FIELDS)
    before = format_.read(out.getvalue())
    left = format_.redact(out.getvalue(), {"name"}, {"南康": {4}}, mark)
    after = format_.read(left)
    assert after.columns["name"] == ["张三", "李四", "张三", "已删除2"]
    assert (after.sheets, after.numbers) == (before.sheets, before.numbers)
    for (_, one), (_, other) in zip(before.rows(), after.rows(), strict=True):
        assert {**other.values, "name": ""} == {**one.values, "name": ""}
    assert openpyxl.load_workbook(io.BytesIO(left))["南康"]["C4"].hyperlink.target == "http://shop.example/李四"


def test_marks_are_the_same_until_their_key_is_gone(tmp_path: Path) -> None:
    data = DataRoot(tmp_path)
    mark_ = marks_of(data, "a")
    one = mark_("张三")
    assert one.startswith(ERASED) and one == marks_of(data, "a")("张三") != mark_("李四")
    assert (mark_(one), mark_("")) == (one, "")
    (key,) = (data.state / "erasures").iterdir()
    assert key.stat().st_mode & 0o777 == 0o600
    destroy_key(data, "a")
    assert marks_of(data, "a")("张三") != one
