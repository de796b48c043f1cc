"""Turn the audit tables of a build into check results: broken contracts (`contract`), and declared against read (`reconciliation`).

There is one result for each rule and dataset, over all exports of the dataset. The single files and rows are in `audit.file_ledger`,
`audit.held_export` and `audit.quarantine`. A critical failure holds back its own dataset and does not stop the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from wangjian.state import Build, CheckResult
from wangjian.state.checks import CheckKind, Severity


@dataclass(frozen=True)
class Account:
    """One rule, evaluated for every dataset at once.

    Attributes:
        rule: the identifier of the rule.
        kind: the kind of check.
        severity: whether a failure holds the dataset back.
        counted: the unit that is counted, in Chinese and English.
        query: SQL that returns (source, provider, dataset, failing, all, example), one row for each dataset that the rule concerns.
        why: the reason for the rule and the meaning of a failure, in Chinese and English. It is published with each result.
    """

    rule: str
    kind: CheckKind
    severity: Severity
    counted: str
    query: str
    why: str


# Current versions only: the source replaced the earlier ones, and their faults no longer matter.
_EXPORTS = """
    select
        source, provider, dataset, count(*) filter (where {failing}) as failing, count(*) as counted,
        max_by({example}, (business_date, version, export_id)) filter (where {failing}) as example
    from intermediate.int_audit__export_status
    where is_current_version and {applies}
    group by all
"""


def _exports(failing: str, example: str, applies: str = "true") -> str:
    return _EXPORTS.format(failing=failing, example=f"business_date || ': ' || {example}", applies=applies)


ACCOUNTS = (
    Account(
        rule="files_readable",
        kind="contract",
        severity="critical",
        counted="交付 exports",
        query=_exports("rejected_files > 0", "fail_codes"),
        why="文件应可读取且符合契约，否则整体拒收。A file that cannot be read or lacks a required column is rejected as a whole.",
    ),
    Account(
        rule="versions_agree",
        kind="contract",
        severity="critical",
        counted="交付 exports",
        query=_exports("contains(coalesce(fail_codes, ''), 'VERSION_CONFLICT')", "fail_codes"),
        why="同一版本不得有不同内容。One version with different bytes: none of them counts until a higher one comes.",
    ),
    Account(
        rule="rows_keep_the_contract",
        kind="contract",
        severity="warning",
        counted="行 rows",
        query="""
            select
                balance.source, balance.provider, balance.dataset, sum(balance.rows_quarantined) as failing,
                sum(balance.rows_read) as counted, max(bad.example) as example
            from audit.row_balance as balance
            left join (
                select source, provider, dataset, max_by(
                    business_date || ': ' || original_name || ' row ' || row_number || ' ' || reason_codes,
                    (business_date, original_name, row_number)
                ) as example
                from audit.quarantine
                group by all
            ) as bad using (source, provider, dataset)
            group by all
        """,
        why="不合契约的行进入隔离区，其余照常。A row that breaks its contract goes to quarantine; the good rows go on.",
    ),
    Account(
        rule="columns_known",
        kind="contract",
        severity="warning",
        counted="文件 files",
        query="""
            select
                source, provider, dataset, count(*) filter (where extra_columns is not null) as failing, count(*) as counted,
                max_by(business_date || ': ' || extra_columns, (business_date, version, part))
                    filter (where extra_columns is not null) as example
            from audit.file_ledger
            where status = 'parsed'
            group by all
        """,
        why="出现契约未列的列：保留并提示。A column that the contract does not know is kept and told: add it or ignore it.",
    ),
    Account(
        rule="rows_as_declared",
        kind="reconciliation",
        severity="critical",
        counted="交付 exports",
        query=_exports(
            "contains(coalesce(fail_codes, ''), 'CONTROL_ROWS')",
            "rows_read || ' rows, declared ' || expected_rows",
            "expected_rows is not null",
        ),
        why="读入行数应等于来源声明的行数。Rows read against the rows that the source declared (contracts, control totals).",
    ),
    Account(
        rule="amount_as_declared",
        kind="reconciliation",
        severity="critical",
        counted="交付 exports",
        query=_exports(
            "contains(coalesce(fail_codes, ''), 'CONTROL_AMOUNT')",
            "coalesce(amount, 0) || ' yuan, declared ' || declared_amount",
            "declared_amount is not null",
        ),
        why="金额合计应等于来源声明的金额。Money read against the money that the source declared (contracts, control totals).",
    ),
    Account(
        rule="full_export_complete",
        kind="reconciliation",
        severity="critical",
        counted="交付 exports",
        query=_exports(
            "contains(coalesce(fail_codes, ''), 'VOLUME')",
            "rows_read || ' rows, before ' || coalesce(usual_rows, 0)",
            "mode = 'full'",
        ),
        why="全量导出不得骤减：缺失即视为关闭。What is missing from a full export is closed; half an export closes half the roster.",
    ),
    Account(
        rule="nothing_held_back",
        kind="reconciliation",
        severity="warning",
        counted="交付 exports",
        query=_exports("not counts and not is_waived", "coalesce(fail_codes, 'waits behind a failing export')"),
        why="失败的导出及其后等待的导出不计入。A failing export and those that wait behind it do not count until it is fixed or waived.",
    ),
)


def account_results(warehouse: Path, run_id: str, build: Build) -> Iterator[CheckResult]:
    """Evaluate every rule on the finished build.

    Args:
        warehouse: the file of the warehouse.
        run_id: the run that the results belong to.
        build: the build in the file.

    Yields:
        One result for each rule and dataset.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for account in ACCOUNTS:
            # In a fixed order, so that equal builds give equal results.
            rows = connection.execute(f"select * from ({account.query}) order by 1, 2, 3").fetchall()
            yield from (_result(account, row, run_id, build) for row in rows)


def _result(
    account: Account, row: tuple[str, str, str, int, int, str | None], run_id: str, build: Build
) -> CheckResult:
    source, provider, dataset, failing, counted, example = row
    return CheckResult(
        run_id=run_id,
        build_id=build.build_id,
        check_kind=account.kind,
        table_name=".".join(part for part in (source, provider, dataset) if part),
        rule=account.rule,
        severity=account.severity,
        passed=not failing,
        observed=f"{failing} of {counted} {account.counted}{f', last {example}' if example else ''}",
        expected=f"0 {account.counted}",
        failing_rows=int(failing),
        source=source,
        provider=provider or None,
        message=account.why,
    )
