"""The parsers: which texts they accept, which they reject, and which line their errors name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wangjian.core.errors import RejectedFile
from wangjian.ingestion.parsing.dates import iso_date
from wangjian.ingestion.parsing.formats.control_files import parse_ctl
from wangjian.ingestion.parsing.formats.csv_reader import parse_csv
from wangjian.ingestion.parsing.records import Field

FIELDS = [Field("number", ("编号",), required=True), Field("text", ("描述",), required=False)]


@pytest.mark.parametrize("text", ["2023-07-03", "2023/7/3", "20230703", "2023年7月3日", "2023.7.3", "7月3日"])
def test_every_spelling_of_a_date_means_the_same_day(text: str) -> None:
    assert iso_date(text, year=2023) == "2023-07-03"


def test_a_text_that_is_not_a_date_stays_unchanged() -> None:
    assert iso_date("2023年2月30日") == "2023年2月30日"


def test_row_numbers_count_lines_of_the_file() -> None:
    content = '编号,描述\r\n1,"两行\r\n文字, 和""引号"""\r\n2,好\r\n'.encode("gb18030")
    parsed = parse_csv(content, FIELDS, ["gb18030"])
    assert (parsed.numbers, parsed.columns["number"]) == ([2, 4], ["1", "2"])
    assert parsed.columns["text"][0] == '两行\r\n文字, 和"引号"'


def test_a_missing_required_column_rejects_the_file() -> None:
    with pytest.raises(RejectedFile) as caught:
        parse_csv("描述\n好\n".encode(), FIELDS, ["utf-8"])
    assert caught.value.code == "MISSING_COLUMN"


def test_an_unexpected_encoding_names_the_line() -> None:
    with pytest.raises(RejectedFile, match="line=2") as caught:
        parse_csv("编号,描述\n1,".encode("gb18030") + b"\xff\xff\n", FIELDS, ["gb18030"])
    assert caught.value.code == "BAD_ENCODING"


def test_a_row_of_another_width_is_kept_as_a_rejected_line() -> None:
    parsed = parse_csv("编号,描述\n1,好,多\n2,好\n".encode(), FIELDS, ["utf-8"])
    assert [(line.number, line.code) for line in parsed.rejected] == [(2, "ROW_SHAPE")]
    assert parsed.rows_read == 2


def test_a_cut_off_quote_rejects_the_file() -> None:
    with pytest.raises(RejectedFile) as caught:
        parse_csv('编号,描述\n1,"好'.encode(), FIELDS, ["utf-8"])
    assert caught.value.code == "UNREADABLE_FILE"


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_rejected(content: bytes) -> None:
    try:
        parsed = parse_csv("编号,描述\n".encode("gb18030") + content, FIELDS, ["gb18030"])
    except RejectedFile:
        return
    assert (
        parsed.rows_read
        == len(parsed.numbers) + len(parsed.rejected)
        == len(list(parsed.rows())) + len(parsed.rejected)
    )


@given(st.binary(max_size=200))
def test_a_control_file_is_read_or_rejected(content: bytes) -> None:
    try:
        control = parse_ctl(content)
    except RejectedFile as error:
        assert error.code == "BAD_CONTROL"
    else:
        assert control.rows == int(content.split(b"|")[1])
