"""Masking of personal data by pattern, whatever the field: the same rules as the SQL macro `masked`."""

from __future__ import annotations

import re
from functools import cache

import yaml

from wangjian.paths import DBT_PROJECT


def masked(text: str) -> str:
    """Mask everything in a text that looks like personal data.

    Args:
        text: any text: a cell, a line, a JSON object.

    Returns:
        The text with ID numbers, phones, e-mail addresses, bank cards, addresses below the town and lone names masked
        (`mask_patterns` in dbt_project.yml; 个人信息保护法 art. 6, 51).
    """
    for pattern, replacement in _rules():
        text = pattern.sub(replacement, text)
    return text


@cache
def _rules() -> tuple[tuple[re.Pattern[str], str], ...]:
    project = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    # ASCII: `\b` between a Chinese sign and a digit, as RE2 sees it
    rules = project["vars"]["mask_patterns"]
    return tuple((re.compile(rule["pattern"], re.ASCII), rule["replacement"]) for rule in rules)
