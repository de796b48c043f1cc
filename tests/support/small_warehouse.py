"""Fixtures: a small warehouse that passed its checks; `build` replaces it by one with other rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import yaml

from wangjian.core.paths import DataRoot
from wangjian.state import Build, Verdict, record_build, record_verdict

WAREHOUSE = """
create schema if not exists marts;
create schema if not exists reports;
create schema if not exists audit;
create schema if not exists intermediate;
create schema if not exists staging;
create or replace table marts.fct_case as
    select 'case ' || i as case_no, date '2023-01-01' + i::int as filed_on, {factor} * i::decimal(18, 2) as penalty_total
    from range({rows}) as t (i);
create or replace view reports.rpt_cases as select count(*) as case_count from marts.fct_case;
create or replace table audit.row_balance as select 'abc' as file_sha256, 2::bigint as rows_read;
create or replace table audit.held_dataset as
    select 'jiangxi' as source, '' as provider, 'leads' as dataset, date '2023-02-02' as held_since, 'CONTROL_ROWS' as fail_codes;
create or replace table staging.stg_secret as select '张三' as operator_name;
create or replace table intermediate.int_audit__export_status as
    select 'jiangxi' as source, date '{as_of}' as business_date, true as counts
    union all select 'third_party', date '2099-01-31', true
    union all select 'five_level', date '2098-01-31', false;
"""
LABELS = {
    "columns": {
        name: {"zh": f"列{number}", "en": f"Column {name}", "level": "INTERNAL"}
        for number, name in enumerate(
            [
                "case_no",
                "filed_on",
                "penalty_total",
                "case_count",
                "file_sha256",
                "rows_read",
                "run_id",
                "build_id",
                "checked_at",
                "check_kind",
                "table_name",
                "column_name",
                "rule",
                "severity",
                "passed",
                "observed",
                "expected",
                "failing_rows",
                "source",
                "provider",
                "message",
                "publication_id",
                "as_of",
                "published_at",
                "content_fingerprint",
                "table_count",
                "row_count",
                "storage_version",
                "byte_size",
                "entry_id",
                "step",
                "started_at",
                "ended_at",
                "outcome",
                "file_count",
                "reason",
                "held",
                "purpose",
                "dataset",
                "held_since",
                "fail_codes",
                "schema_name",
                "label_zh",
                "label_en",
                "level",
                "level_name",
                "level_name_en",
            ]
        )
    },
    "tables": {
        "fct_case": {
            "zh": "案件",
            "en": "Cases",
            "columns": {"case_no": {"zh": "立案号", "en": "Case's number", "level": "PUBLIC"}},
        },
        "rpt_cases": {"zh": "案件数", "en": "Number of cases"},
        "row_balance": {"zh": "行数平衡", "en": "Row balance"},
        "check_result": {"zh": "检查结果", "en": "Check results"},
        "column_level": {"zh": "字段分级", "en": "Levels of columns"},
        "held_dataset": {"zh": "暂缓数据集", "en": "Held back"},
        "publication": {"zh": "发布", "en": "Publications"},
        "run_log": {"zh": "运行记录", "en": "Run log"},
    },
    "codes": {
        "level": {
            "PUBLIC": {"zh": "公开", "en": "Public"},
            "INTERNAL": {"zh": "内部", "en": "Internal"},
            "SENSITIVE": {"zh": "敏感", "en": "Sensitive"},
        }
    },
}

BuildAgain = Callable[..., Build]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.yml"
    path.write_text(yaml.safe_dump(LABELS, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    root = tmp_path / "data"
    root.mkdir()
    return DataRoot(root)


@pytest.fixture
def build(data: DataRoot) -> BuildAgain:
    """Replace the warehouse, and record that it passed (or failed) its checks."""

    def build_again(rows: int = 5, as_of: str = "2023-12-31", factor: str = "1", passed: bool = True) -> Build:
        with duckdb.connect(str(data.warehouse)) as connection:
            connection.execute(WAREHOUSE.format(rows=rows, as_of=as_of, factor=factor))
        made = record_build(data, "run")
        failures = 0 if passed else 1
        verdict = Verdict(
            run_id="run", build_id=made.build_id, passed=passed, check_count=1, critical_failure_count=failures,
            warning_count=0,
        )  # fmt: skip
        record_verdict(data, verdict)
        return made

    return build_again
