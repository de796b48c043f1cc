"""Identifying codes: the SQL macros accept the codes that the standards accept, and agree with `python-stdnum`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_10

Evaluate = Callable[[str, list[str | None]], list[Any]]

VALID_USCC = [
    "91350100M000100Y43",
    "91110000600037341L",
    "91440300708461136T",
    "91330100799655058B",
    "91110108551385082Q",
    "91360702MA35AAAA49",
    "91360703MA36BCD11Y",
    "92360704MA37XYW21G",
    "91360726MA38ABC19J",
    "92360781MA39JKL37P",
    "93360783MA3APQR430",
    "91360722MAC0TERT4H",
    "91360700MAD123457H",
]
INVALID_USCC = [
    "91350100M000100Y4Z",
    "A1110000600037341L",
    "91330108MA2319028L",
    "91330100MA2110298X",
    "360702198001011234",
    "",
]
VALID_LICENCES = [
    "JY13607020000017",
    "JY23607020000011",
    "JY33607020000016",
    "JY23607260001230",
    "JY13607830045672",
    "JY23607000000098",
    "SC10736070200013",
    "SC11436072600128",
    "JY15308250014109",
]


def test_uscc_vectors(evaluate: Evaluate) -> None:
    assert evaluate("uscc_is_valid", [*VALID_USCC]) == [True] * len(VALID_USCC)
    assert evaluate("uscc_is_valid", [*INVALID_USCC]) == [False] * len(INVALID_USCC)


def test_any_other_check_digit_is_invalid(evaluate: Evaluate) -> None:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    others = [code[:-1] + sign for code in VALID_USCC for sign in alphabet if sign != code[-1]]
    assert not any(evaluate("uscc_is_valid", [*others]))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("91360702MA35AAAA49", None),
        ("91360702MA35AAAA48", "CHECK_SIGN"),
        ("9136070MA35AAAA49", "LENGTH"),
        ("9136070IMA35AAAA49", "ALPHABET"),
        ("360702110001234", "OLD_REGISTRATION_NUMBER"),
        (None, None),
    ],
)
def test_why_a_uscc_is_invalid(evaluate: Evaluate, code: str | None, reason: str | None) -> None:
    assert evaluate("uscc_invalid_reason", [code]) == [reason]


@pytest.mark.parametrize(
    "text", [" 91360702ma35aaaa49 ", "９１３６０７０２ＭＡ３５ＡＡＡＡ４９", "9136 0702 MA35 AAAA 49"]
)
def test_spellings_of_a_uscc_are_one(evaluate: Evaluate, text: str) -> None:
    assert evaluate("uscc_normalised", [text]) == ["91360702MA35AAAA49"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=18, max_size=18), min_size=50, max_size=50))
def test_sql_and_library_agree_on_uscc(evaluate: Evaluate, codes: list[str]) -> None:
    # random codes are almost never valid, so each is also tried with the check digit that the library computes
    tried = codes + [
        code[:8].translate(str.maketrans("ABCDEFGHJKLMNPQRTUWXY", "012345678901234567890")) + code[8:17]
        for code in codes
    ]
    tried = [code if len(code) == 18 else code + uscc.calc_check_digit(code) for code in tried]
    expected = [uscc.is_valid(code) and _inner_is_valid(code) for code in tried]
    assert evaluate("uscc_is_valid", [*tried]) == expected


def _inner_is_valid(code: str) -> bool:
    """Return whether characters 9 to 16 fulfil GB 11714, which the library does not check."""
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    total = sum(w * letters.index(sign) for w, sign in zip((3, 7, 9, 10, 5, 8, 4, 2), code[8:16], strict=True))
    return code[16] == "0123456789X0"[11 - total % 11]


def test_licence_vectors(evaluate: Evaluate) -> None:
    assert evaluate("licence_invalid_reason", [*VALID_LICENCES]) == [None] * len(VALID_LICENCES)
    assert evaluate("licence_invalid_reason", ["JY13301060012398", "JY1360702000001", "QS360712345678", None]) == [
        "CHECK_DIGIT",
        "FORMAT",
        "UNKNOWN_KIND",
        None,
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("0123456789", min_size=13, max_size=13), min_size=50, max_size=50))
def test_sql_and_library_agree_on_licences(evaluate: Evaluate, numbers: list[str]) -> None:
    good = [f"JY{number}{mod_11_10.calc_check_digit(number)}" for number in numbers]
    assert evaluate("licence_invalid_reason", [*good]) == [None] * len(good)
    bad = [code[:-1] + str((int(code[-1]) + 1) % 10) for code in good]
    assert evaluate("licence_invalid_reason", [*bad]) == ["CHECK_DIGIT"] * len(bad)


@pytest.mark.parametrize(
    ("text", "normalised", "is_valid"),
    [
        ("赣市监立案〔2023〕12号", "赣市监立案〔2023〕12号", True),
        ("赣市监立案[2023]012号", "赣市监立案〔2023〕12号", True),
        ("赣市监立案（2023）第0012号", "赣市监立案〔2023〕12号", True),
        ("赣市监处罚【２０２３】１２号", "赣市监处罚〔2023〕12号", True),
        ("(杭临)市监处罚〔2024〕131号", "〔杭临〕市监处罚〔2024〕131号", True),
        ("赣市监处罚2023-12", "赣市监处罚2023-12", False),
        (None, None, None),
    ],
)
def test_case_numbers(evaluate: Evaluate, text: str | None, normalised: str | None, is_valid: bool | None) -> None:
    assert evaluate("case_no_normalised", [text]) == [normalised]
    assert evaluate("case_no_is_valid", [normalised]) == [is_valid]


@pytest.mark.parametrize(
    ("case_no", "prefix"), [("赣市监立案〔2023〕12号", "赣"), ("〔杭临〕市监处罚〔2024〕131号", "杭临"), (None, None)]
)
def test_the_organ_in_a_case_number(evaluate: Evaluate, case_no: str | None, prefix: str | None) -> None:
    assert evaluate("case_no_prefix", [case_no]) == [prefix]


def test_the_subject_of_an_icp_filing(evaluate: Evaluate) -> None:
    numbers: list[str | None] = ["赣ICP备2022005379号-1", " 赣icp备2022005379号 ", "京ICP备18006193号-12", "", None]
    assert evaluate("icp_root", numbers) == [
        "赣ICP备2022005379号",
        "赣ICP备2022005379号",
        "京ICP备18006193号",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://www.Example.com/", "example.com"),
        ("HTTP://Shop.Taobao.com:80/item.htm?id=12&spm=a1z10.1-c&utm_source=x#top", "shop.taobao.com/item.htm?id=12"),
        ("//m.example.cn/a/b/?from=share", "m.example.cn/a/b"),
        ("example.cn/Item/AbC", "example.cn/Item/AbC"),
        ("https://a.cn/?spm=1&id=2&id2=3", "a.cn?id=2&id2=3"),
        ("https://a.cn/?/?0", "a.cn?/?0"),
        ("https://a.cn/x?sharefile=1&shareid=2", "a.cn/x?sharefile=1&shareid=2"),
        ("https://赣南脐橙.cn/店", "xn--6kr684co7psil.cn/店"),
        ("https://xn--6kr684co7psil.cn/店", "xn--6kr684co7psil.cn/店"),
        ("http://www.赣南脐橙。ＣＮ:8080/a", "xn--6kr684co7psil.cn:8080/a"),
        ("https://赣 南.cn/a", "赣 南.cn/a"),
        ("  ", None),
        (None, None),
    ],
)
def test_one_spelling_of_a_url(evaluate: Evaluate, url: str | None, canonical: str | None) -> None:
    assert evaluate("url_canonical", [url]) == [canonical]


@settings(max_examples=60, deadline=None)
@given(st.text("abAB0:/?&=#.%-_ 赣", max_size=40))
def test_the_canonical_form_of_a_canonical_url_is_itself(evaluate: Evaluate, text: str) -> None:
    (once,) = evaluate("url_canonical", ["https://a.cn/" + text])
    assert evaluate("url_canonical", [once]) == [once]
