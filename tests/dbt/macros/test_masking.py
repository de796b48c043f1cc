"""SQL and Python mask personal data by the same patterns (个人信息保护法 art. 6, 51)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wangjian.core.masking import masked, masked_sql

Evaluate = Callable[..., list[Any]]

SEEN = [
    ("证件360702199003077715", "证件360702************"),
    ("36070219900307771X，男", "360702************，男"),
    ("360702900307771", "360702*********"),
    ("电话13879712345", "电话138****2345"),
    ("8613879712345", "138****2345"),
    ("138 7971 2345/138-7971-2345", "138****2345/138****2345"),
    ("wx13879712345/QQ13979712345", "wx138****2345/QQ139****2345"),
    ("13879712345,13979712345,13679712345", "138****2345,139****2345,136****2345"),
    ("360702199003077715,360702199003077715", "360702************,360702************"),
    ("0797-8123456", "0797*******"),
    ("li.si@example.com.cn", "***@example.com.cn"),
    ("6222021001112223334", "622202******3334"),
    ("章贡区红旗大道86号3栋201室", "章贡区***"),
    ("张三", "张**"),
    ("欧阳明", "欧**"),
    ("A1,张三,李小四,王五,12", "A1,张**,李**,王**,12"),
    ('{"a":"张三","b":"李四","c":null}', '{"a":"张**","b":"李**","c":null}'),
]

KEPT = [
    "91360702MA35AAAA49",
    "JY13607020000017",
    "赣ICP备2022005379号",
    "赣市监立案〔2023〕12号",
    "2023-07-03 12:30:00",
    "https://shop.example.cn/item?id=12",
    "安远县",
    "石城县",
    "龙南市",
    "赣南果业有限公司",
    "V01;V07",
    "",
]


@pytest.mark.parametrize(("text", "shown"), SEEN)
def test_what_is_masked(evaluate: Evaluate, text: str, shown: str) -> None:
    assert masked(text) == shown
    assert evaluate("masked", [text]) == [shown]


@pytest.mark.parametrize("text", KEPT)
def test_what_stays(evaluate: Evaluate, text: str) -> None:
    assert masked(text) == text
    assert evaluate("masked", [text]) == [text]


@settings(max_examples=200, deadline=None)
@given(st.text('张三李王0123456789Xx@.-, ";|{}号区室abc\n', max_size=60))
def test_sql_and_python_agree(evaluate: Evaluate, text: str) -> None:
    assert evaluate("masked", [text]) == [masked(text)]


@settings(max_examples=200, deadline=None)
@given(st.text('张三李王0123456789Xx@.-, ";|{}号区室abc\n', max_size=60))
def test_the_expression_for_files_of_roles_agrees(text: str) -> None:
    with duckdb.connect() as connection:
        assert connection.execute(f"select {masked_sql('said')} from (select ? as said)", [text]).fetchone() == (
            masked(text),
        )


@pytest.mark.parametrize(
    ("name", "shown"), [("赣南果业有限公司", "赣南果业有限公司"), ("张三水果店", "张**"), ("", "**"), (None, None)]
)
def test_names_in_columns_of_persons(evaluate: Evaluate, name: str | None, shown: str | None) -> None:
    assert evaluate("masked_personal", [name]) == [shown]
