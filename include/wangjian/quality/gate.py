"""The gate: run all suites on the finished build, record the results, and decide whether the build may be published."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from wangjian.core.errors import ChecksFailed
from wangjian.core.paths import EXPECTATIONS, DataRoot
from wangjian.quality.accounts import account_results
from wangjian.quality.report import write_site
from wangjian.quality.runner import Progress, gx_runner
from wangjian.quality.suites import load_suites
from wangjian.state import (
    Build,
    CheckResult,
    Verdict,
    append_check_results,
    current_build,
    new_run_id,
    record_verdict,
)
from wangjian.warehouse.opening import warehouse_open

_SHOWN = 5


@dataclass(frozen=True)
class CheckReport:
    """The result of one run of the gate.

    Attributes:
        run_id: the run.
        build_id: the checked build.
        results: the result of every check.
        seconds: the time of the checks alone, without the import of Great Expectations and without the report.
        site: the start page of the report.
    """

    run_id: str
    build_id: str
    results: tuple[CheckResult, ...]
    seconds: float
    site: Path

    @property
    def critical_failures(self) -> tuple[CheckResult, ...]:
        """Return the failures that stop the publication: those of critical expectations.

        A critical failure of another kind holds back its own dataset only.
        """
        return tuple(result for result in self._failures if result.severity == "critical" and result.check_kind == "gx")

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """Return the failures that do not stop the publication."""
        return tuple(result for result in self._failures if result not in self.critical_failures)

    @property
    def _failures(self) -> tuple[CheckResult, ...]:
        return tuple(result for result in self.results if not result.passed)


def check(
    data: DataRoot, run_id: str | None = None, progress: Progress | None = None, expectations: Path = EXPECTATIONS
) -> CheckReport:
    """Check the finished build against all suites, and write the results, the report and the verdict.

    Args:
        data: the data root.
        run_id: the run that this is part of; a new one if null.
        progress: called after each table with its name, its number and the number of tables.
        expectations: the folder of the suites.

    Returns:
        The report. It includes warnings, which do not stop the publication.

    Raises:
        ChecksFailed: a critical check failed, or a check could not run. Results, report and verdict were written before.
        BadArguments: a suite breaks the schema; nothing was checked.
        WangjianError: there is no finished build.
        Busy: another program has the warehouse open.
    """
    # A wrong suite fails before anything is locked or imported.
    suites = load_suites(expectations)
    run_id = run_id or new_run_id()
    with warehouse_open(data, "check the warehouse"):
        build = current_build(data)
        accounts = tuple(account_results(data.warehouse, run_id, build))
        with gx_runner(data.warehouse, run_id, build) as runner:
            started = time.perf_counter()
            results = (*runner.run(suites, progress), *accounts)
            seconds = time.perf_counter() - started
            append_check_results(data, run_id, results)
            site = write_site(runner.context, data.docs, run_id, suites, results) / "index.html"
    report = CheckReport(run_id, build.build_id, results, seconds, site)
    # The verdict comes last: without it nothing is published, also if a crash left the results incomplete.
    record_verdict(data, _verdict(report, build))
    _stop_if_critical(report)
    return report


def _verdict(report: CheckReport, build: Build) -> Verdict:
    return Verdict(
        run_id=report.run_id,
        build_id=build.build_id,
        passed=not report.critical_failures,
        check_count=len(report.results),
        critical_failure_count=len(report.critical_failures),
        warning_count=len(report.warnings),
    )


def _stop_if_critical(report: CheckReport) -> None:
    failures = report.critical_failures
    if not failures:
        return
    shown = [f"{f.table_name} {f.rule}: observed {f.observed}, expected {f.expected}" for f in failures[:_SHOWN]]
    more = f"; and {len(failures) - _SHOWN} more" if len(failures) > _SHOWN else ""
    raise ChecksFailed(
        f"{len(failures)} critical check(s) failed, nothing will be published: {'; '.join(shown)}{more}",
        run_id=report.run_id,
        report=report.site,
        fix="read the report, fix the data or the rule, then build and check again",
    )
