"""The gate: every rule can pass and can fail, all results are written, and only a build that passed may be published."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import pytest
from worlds import EMPTY_ONLY

from wangjian.core.errors import BadArguments, ChecksFailed, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.quality import check, load_suites
from wangjian.state import CheckResult, check_results, current_build, last_verdict, record_build

ResultsOf = Callable[[DataRoot], dict[str, CheckResult]]
RULES = {item.rule: item for suite in load_suites() for item in suite.checks}
SUITE = """
table: marts.t
title_zh: 表
title_en: Table
checks:
  - rule: only_rule
    title_zh: 规则
    expectation: {expectation}
    kwargs: {kwargs}
    severity: {severity}
    why: it has to be so, says the test
"""


def expectation_results(data: DataRoot, run_id: str) -> list[CheckResult]:
    return [result for result in check_results(data, run_id) if result.check_kind == "gx"]


@pytest.fixture
def small(tmp_path: Path, make_warehouse: Callable[[Path, str], DataRoot]) -> DataRoot:
    return make_warehouse(tmp_path / "data", "create schema marts; create table marts.t as select 1 as a, 'x' as b")


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., Path]:
    def write(
        severity: str = "critical", expectation: str = "expect_column_max_to_be_between", kwargs: Any = None
    ) -> Path:
        folder = tmp_path / "expectations"
        folder.mkdir(exist_ok=True)
        given = json.dumps(kwargs or {"column": "a", "max_value": 0})
        text = SUITE.format(severity=severity, expectation=expectation, kwargs=given)
        (folder / "marts.t.yml").write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_passes_good_data(good: DataRoot, results_of: ResultsOf, rule: str) -> None:
    result = results_of(good)[rule]
    assert result.passed, result.observed


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_fails_bad_data(bad: DataRoot, empty: DataRoot, results_of: ResultsOf, rule: str) -> None:
    result = results_of(empty if rule in EMPTY_ONLY else bad)[rule]
    assert not result.passed
    assert not (result.observed or "").startswith("error"), result.observed
    assert result.severity == RULES[rule].severity
    if RULES[rule].expectation == "unexpected_rows_expectation":
        assert result.failing_rows
        assert result.expected == "no rows"


def test_results_say_what_was_checked(bad: DataRoot, results_of: ResultsOf) -> None:
    result = results_of(bad)["dim_storefront_type_codes"]
    assert (result.check_kind, result.table_name, result.column_name) == (
        "gx",
        "marts.dim_storefront",
        "storefront_type",
    )
    assert (
        result.observed == "1 of 42 rows (2.38%), e.g. storefront_key=x valid_from=2023-02-01 storefront_type=TEAHOUSE"
    )
    assert "LIVEROOM" in (result.expected or "")
    assert result.failing_rows == 1
    assert result.build_id == current_build(bad).build_id
    assert result.checked_at.tzinfo is not None


def test_the_verdicts(good: DataRoot, bad: DataRoot) -> None:
    for data, passed in ((good, True), (bad, False)):
        verdict = last_verdict(data, current_build(data).build_id)
        assert verdict is not None
        assert (verdict.passed, verdict.check_count) == (passed, len(list(check_results(data, "run1"))))


def test_a_critical_failure_stops_after_all_results_are_written(small: DataRoot, suite: Callable[..., Path]) -> None:
    with pytest.raises(ChecksFailed) as caught:
        check(small, "r7", expectations=suite())
    assert caught.value.exit_code == 3
    message = str(caught.value)
    assert all(
        word in message for word in ("marts.t", "only_rule", "observed 1", '"max_value": 0', "checks/index.html")
    )
    assert [result.passed for result in expectation_results(small, "r7")] == [False]
    assert (small.docs / "checks" / "index.html").exists()


def test_a_warning_stops_nothing(small: DataRoot, suite: Callable[..., Path]) -> None:
    report = check(small, expectations=suite("warning"))
    assert [result.rule for result in report.warnings] == ["only_rule"]
    assert not report.critical_failures


@pytest.mark.parametrize(
    ("expectation", "kwargs"),
    [
        ("expect_column_max_to_be_between", {"column": "nowhere", "max_value": 5}),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "select nonsense from {batch}"}),
    ],
)
def test_a_check_that_raises_is_a_critical_failure(
    small: DataRoot, suite: Callable[..., Path], expectation: str, kwargs: dict[str, Any]
) -> None:
    with pytest.raises(ChecksFailed, match="observed error"):
        check(small, "r1", expectations=suite("warning", expectation, kwargs))
    (result,) = expectation_results(small, "r1")
    assert (result.passed, result.severity) == (False, "critical")


def test_a_missing_table_is_a_critical_failure(small: DataRoot, suite: Callable[..., Path]) -> None:
    folder = suite("warning")
    with duckdb.connect(str(small.warehouse)) as connection:
        connection.execute("drop table marts.t")
    record_build(small, "again")
    with pytest.raises(ChecksFailed, match="does not exist"):
        check(small, expectations=folder)


def test_an_unknown_expectation_is_a_bad_argument(small: DataRoot, suite: Callable[..., Path]) -> None:
    with pytest.raises(BadArguments, match="only_rule"):
        check(small, expectations=suite(expectation="expect_the_unexpected"))
    with pytest.raises(BadArguments, match="only_rule"):
        check(small, expectations=suite(kwargs={"colum": "a"}))


def test_only_a_finished_build_is_checked(small: DataRoot, suite: Callable[..., Path]) -> None:
    with duckdb.connect(str(small.warehouse)) as connection:
        connection.execute("insert into marts.t values (0, 'y')")
    with pytest.raises(WangjianError, match="changed since the last finished build"):
        check(small, expectations=suite())


def test_the_file_is_free_afterwards(small: DataRoot, suite: Callable[..., Path]) -> None:
    check(small, expectations=suite("warning"))
    code = f"import duckdb; duckdb.connect({str(small.warehouse)!r}).execute('create table marts.u (a int)')"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_progress_is_reported(small: DataRoot, suite: Callable[..., Path]) -> None:
    steps: list[tuple[str, int, int | None]] = []
    check(small, progress=lambda *step: steps.append(step), expectations=suite("warning"))
    assert steps == [("check marts.t", 1, 1)]


def test_the_report_is_chinese_whole_and_needs_no_network(bad: DataRoot) -> None:
    site = bad.docs / "checks"
    pages = list(site.rglob("*.html"))
    first = (site / "index.html").read_text(encoding="utf-8")
    assert "质量检查" in first
    assert first.index("dim_storefront_type_codes") < first.index("通过 ok")
    for link in re.findall(r'href="([^"]+)"', first):
        assert (site / unquote(link)).exists()
    assert len(pages) == 1 + 2 * len(load_suites())
    remote = re.compile(r'<(?:script|link|img|source)\b[^>]*(?:src|href|srcset)="https?:', re.IGNORECASE)
    assert not [page for page in pages if remote.search(page.read_text(encoding="utf-8"))]


def test_the_report_is_swapped_and_bounded(small: DataRoot, suite: Callable[..., Path]) -> None:
    for run_id in ("r1", "r2", "r3"):
        check(small, run_id, expectations=suite("warning"))
        assert (small.docs / "checks").readlink() == Path(f".checks-{run_id}")
    assert sorted(path.name for path in small.docs.iterdir()) == [".checks-r2", ".checks-r3", "checks"]


def test_failing_rows_are_named_and_persons_are_not(small: DataRoot, suite: Callable[..., Path]) -> None:
    query = "select b, '电话13879712345' as c from {batch}"
    folder = suite("warning", "unexpected_rows_expectation", {"unexpected_rows_query": query})
    (result,) = check(small, "r1", expectations=folder).warnings
    assert result.observed == "1 rows, e.g. b=x c=电话138****2345"
    pages = "".join(page.read_text(encoding="utf-8") for page in (small.docs / "checks").rglob("*.html"))
    assert "138****2345" in pages and "13879712345" not in pages.replace(query, "")


@pytest.mark.parametrize(
    ("expectation", "kwargs"),
    [
        ("unexpected_rows_expectation", {"unexpected_rows_query": "select b, b as c from {batch}"}),
        ("expect_column_values_to_be_in_set", {"column": "b", "value_set": ["y"]}),
        ("expect_column_distinct_values_to_be_in_set", {"column": "b", "value_set": ["y"]}),
    ],
)
def test_no_value_becomes_markup_in_the_report(
    small: DataRoot, suite: Callable[..., Path], expectation: str, kwargs: dict[str, Any]
) -> None:
    """The pages of Great Expectations show failing values as text, even if a value is markup."""
    hostile = "<script>window.hacked=1</script><img src=x onerror=hacked()>{{ 7*7 }}$params"
    with duckdb.connect(str(small.warehouse)) as connection:
        connection.execute("update marts.t set b = ?", [hostile])
    record_build(small, "build")
    check(small, "r1", expectations=suite("warning", expectation, kwargs))
    pages = [page.read_text(encoding="utf-8") for page in (small.docs / "checks").rglob("*.html")]
    assert any("window.hacked" in page and "7*7" in page for page in pages), "the page shows the value"
    assert not [page for page in pages if "<script>window" in page or "<img src=x" in page]
    assert all("default-src 'none'" in page.split("</head>")[0] for page in pages), "and the browser runs no script"
