"""The suites are well formed and cover the marts, and the errors of a wrong suite name the fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from wangjian.core.errors import BadArguments
from wangjian.quality import load_suites

MARTS = {
    "dim_date", "dim_region", "dim_organization", "dim_platform", "dim_storefront", "dim_operator", "fct_lead", "fct_case",
    "fct_case_penalty", "fct_guidance_action", "fct_platform_review_issue", "fct_storefront_monthly",
}  # fmt: skip
# dbt tests check these rules on the warehouse's own results.
OURS = {
    "expect_column_values_to_be_unique",
    "expect_column_values_to_not_be_null",
    "expect_compound_columns_to_be_unique",
}

SUITE = """
table: marts.fct_case
title_zh: 案件
title_en: Cases
checks:
  - rule: {rule}
    title_zh: 有行
    expectation: {expectation}
    kwargs: {kwargs}
    severity: {severity}
    why: {why}
"""
FINE = {
    "rule": "case_rows",
    "expectation": "expect_table_row_count_to_be_between",
    "kwargs": "{min_value: 1}",
    "severity": "critical",
    "why": "the bureau files cases every month",
}


def write(folder: Path, name: str = "marts.fct_case", text: str = SUITE, **changes: str) -> Path:
    (folder / f"{name}.yml").write_text(text.format(**(FINE | changes)), encoding="utf-8")
    return folder


def test_every_mart_has_a_suite() -> None:
    assert {f"marts.{mart}" for mart in MARTS} <= {suite.table for suite in load_suites()}


def test_no_rule_is_in_dbt_and_in_a_suite() -> None:
    checks = [check for suite in load_suites() for check in suite.checks]
    assert not [check.rule for check in checks if check.expectation in OURS]


def test_a_well_formed_suite_is_read(tmp_path: Path) -> None:
    (suite,) = load_suites(write(tmp_path))
    assert (suite.table, suite.checks[0].rule) == ("marts.fct_case", "case_rows")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"severity": "fatal"}, r"checks\.0\.severity.*'critical' or 'warning'"),
        ({"why": "so"}, r"checks\.0\.why.*at least 15"),
        ({"rule": "Case Rows"}, r"checks\.0\.rule"),
        ({"expectation": "looks_right"}, r"checks\.0\.expectation"),
        ({"kwargs": "{column: operator_name}"}, "operator_name.*appear in the report"),
        ({"why": "fine and long enough\n    owner: me"}, r"checks\.0\.owner.*not permitted"),
        ({"kwargs": "{min_value: 1"}, "not YAML"),
    ],
)
def test_a_fault_is_reported_with_its_place(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    with pytest.raises(BadArguments, match=rf"(?s){message}.*marts\.fct_case\.yml"):
        load_suites(write(tmp_path, **changes))


def test_a_file_is_named_after_its_table(tmp_path: Path) -> None:
    with pytest.raises(BadArguments, match="not named after its table"):
        load_suites(write(tmp_path, name="marts.fct_lead"))


def test_a_repeated_rule_identifier_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, name="marts.fct_lead", text=SUITE.replace("fct_case", "fct_lead"))
    with pytest.raises(BadArguments, match="case_rows"):
        load_suites(tmp_path)


def test_no_rules_is_an_error_not_a_pass(tmp_path: Path) -> None:
    with pytest.raises(BadArguments, match="no expectations"):
        load_suites(tmp_path)
