"""Mask personal data by pattern in any text, with the same rules as the SQL macro `masked`."""

from __future__ import annotations

import re
from functools import cache

import yaml

from wangjian.core.paths import DBT_PROJECT


def masked(text: str, *, names: bool = True) -> str:
    """Return a text in which everything that looks like personal data is masked.

    Args:
        text: any text: a cell, a line, a JSON object.
        names: also mask a text that is only a person's name. Not for prose, where short words look like names.

    Returns:
        The text with ID numbers, phones, e-mail addresses, bank cards, addresses below the town and lone names masked
        (`mask_patterns` in dbt_project.yml; 个人信息保护法 art. 6, 51).
    """
    for name, pattern, replacement in _rules():
        if names or name != "person":
            text = pattern.sub(replacement, text)
    return text


def masked_sql(text: str) -> str:
    """Return a DuckDB expression that masks a text with the same rules.

    Args:
        text: an expression, such as a quoted column.

    Returns:
        The expression of the masked text.
    """
    for _, pattern, replacement in _rules():
        text = f"regexp_replace({text}, {_literal(pattern.pattern)}, {_literal(replacement)}, 'g')"
    return text


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@cache
def _rules() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    project = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    # ASCII: DuckDB's RE2 reads \d and \w as ASCII only, and both engines must mask the same
    rules = project["vars"]["mask_patterns"]
    return tuple((rule["name"], re.compile(rule["pattern"], re.ASCII), rule["replacement"]) for rule in rules)
