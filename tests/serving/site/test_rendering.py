"""Figures and JSON as the pages write them."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal

import pytest

from wangjian.core.paths import PROJECT_ROOT
from wangjian.serving.site.numbers import change, number, share
from wangjian.serving.site.render import as_json, environment, month_name
from wangjian.serving.site.wording import LANGUAGES, wording
from wangjian.warehouse.labels import load_labels


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "%", "—"),
        (0, "家", "0"),
        (Decimal("1410000.00"), "元", "1,410,000"),
        (Decimal("14.7100"), "工作日", "14.7"),
        (Decimal("84.9873"), "%", "85.0%"),
        (Decimal("0.0000"), "%", "0.0%"),
    ],
)
def test_number(value: Decimal | int | None, unit: str, text: str) -> None:
    assert number(value, unit) == text


def test_a_change_has_its_sign_and_percentage_points_have_no_percent_sign() -> None:
    assert change(None) == "—"
    assert change(Decimal("-39")) == "−39"
    assert change(Decimal("12.04"), "%") == "+12.0"
    assert change(Decimal(0)) == "0"
    assert share(None) == "—"
    assert share(Decimal("0.8333")) == "83.3%"


def test_json_cannot_end_its_element() -> None:
    value = {"name": "</script><!--<script>&amp;\u2028", "day": date(2024, 1, 1)}
    text = str(as_json(value))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"name": value["name"], "day": "2024-01-01"}


def test_everything_is_escaped() -> None:
    assert environment().from_string("<p>{{ text }}</p>").render(text="<b>") == "<p>&lt;b&gt;</p>"


def test_each_word_exists_in_both_languages() -> None:
    zh, en = (wording(language, load_labels()) for language in LANGUAGES)
    assert zh.text.keys() == en.text.keys()
    assert all(zh.text.values()) and all(en.text.values())
    assert month_name(date(2024, 3, 1), "zh") == "2024年3月"
    assert month_name(date(2024, 3, 1), "en") == "March 2024"


def test_every_word_is_used() -> None:
    home = PROJECT_ROOT / "include" / "wangjian" / "serving" / "site"
    sources = (
        path for path in home.rglob("*.*") if path.suffix in (".html", ".js", ".py") and path.parent.name != "vendor"
    )
    text = "".join(source.read_text(encoding="utf-8") for source in sources)
    unused = [key for key in wording("zh", load_labels()).text if not re.search(rf"\b{key}\b", text)]
    # keys that a template composes
    assert [key for key in unused if not key.startswith(("section_", "group_")) and not key.endswith("_lead")] == []


def test_a_code_without_a_label_is_shown_itself() -> None:
    words = wording("en", load_labels())
    assert words.code("outcome", "FILED") == "Filed as a case"
    assert words.code("outcome", "NEW") == "NEW"
    assert words.code("outcome", None) == "Not stated"
