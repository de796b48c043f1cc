"""The results of parsing and counting are check results too, one for each rule and dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from wangjian.core.paths import DataRoot
from wangjian.quality.accounts import ACCOUNTS, account_results
from wangjian.state import CheckResult, current_build, record_build

# Each change breaks exactly one rule, for the cases of the Jiangxi platform.
BROKEN = {
    "files_readable": "update intermediate.int_audit__export_status set rejected_files = 1, fail_codes = 'BAD_ENCODING'",
    "versions_agree": "update intermediate.int_audit__export_status set fail_codes = 'VERSION_CONFLICT'",
    "rows_keep_the_contract": "update audit.row_balance set rows_quarantined = 3; insert into audit.quarantine values "
    "('jiangxi', '', 'cases', '2023-12-31', 'a.csv', 7, 'TYPE:filed_on')",
    "columns_known": "update audit.file_ledger set extra_columns = '[\"备注\"]'",
    "rows_as_declared": "update intermediate.int_audit__export_status set fail_codes = 'CONTROL_ROWS', expected_rows = 101",
    "amount_as_declared": "update intermediate.int_audit__export_status set fail_codes = 'CONTROL_AMOUNT', declared_amount = 7",
    "full_export_complete": "update intermediate.int_audit__export_status set fail_codes = 'VOLUME', mode = 'full', usual_rows = 999",
    "nothing_held_back": "update intermediate.int_audit__export_status set counts = false",
}
EXAMPLES = {
    "files_readable": "BAD_ENCODING",
    "versions_agree": "VERSION_CONFLICT",
    "rows_keep_the_contract": "a.csv row 7 TYPE:filed_on",
    "columns_known": "备注",
    "rows_as_declared": "100 rows, declared 101",
    "amount_as_declared": "0.00 yuan, declared 7.00",
    "full_export_complete": "100 rows, before 999",
    "nothing_held_back": "waits behind",
}


@pytest.fixture
def accounts_of(
    tmp_path: Path, make_warehouse: Callable[[Path, str], DataRoot]
) -> Callable[[str], dict[str, CheckResult]]:
    def after(change: str) -> dict[str, CheckResult]:
        data = make_warehouse(tmp_path / "data", "select 1")
        with duckdb.connect(str(data.warehouse)) as connection:
            connection.execute(change)
        record_build(data, "again")
        results = account_results(data.warehouse, "run", current_build(data))
        return {result.rule: result for result in results if result.source == "jiangxi"}

    return after


def test_all_rules_can_be_broken() -> None:
    assert {account.rule for account in ACCOUNTS} == set(BROKEN)


def test_good_exports_pass(accounts_of: Callable[[str], dict[str, CheckResult]]) -> None:
    found = accounts_of(
        "update intermediate.int_audit__export_status set mode = 'full', declared_amount = 0, amount = 0"
    )
    assert set(found) == set(BROKEN)
    assert all(result.passed for result in found.values())


@pytest.mark.parametrize("rule", sorted(BROKEN))
def test_a_broken_rule_is_reported_with_an_example(
    accounts_of: Callable[[str], dict[str, CheckResult]], rule: str
) -> None:
    result = accounts_of(BROKEN[rule])[rule]
    assert not result.passed and result.failing_rows
    assert EXAMPLES[rule] in (result.observed or "") and "2023-12-31" in (result.observed or "")
    assert (result.table_name, result.provider) == ("jiangxi.cases", None)
    assert result.check_kind in ("contract", "reconciliation")
