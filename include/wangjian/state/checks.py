"""Record check results of all kinds (`state/check_results/<run_id>.jsonl`) and verdicts on builds (`state/checks.jsonl`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wangjian.core.clock import now
from wangjian.core.paths import DataRoot
from wangjian.state import jsonl

CheckKind = Literal["dbt", "gx", "contract", "reconciliation"]
Severity = Literal["critical", "warning"]


class CheckResult(BaseModel):
    """The result of one check in one run: a row of `audit.check_result`.

    Attributes:
        build_id: the build that was checked; null for a check of files.
        rule: the rule's id, the same in every run.
        observed: the observed value, as a text for a person.
        expected: what the rule requires, as a text for a person.
        failing_rows: the number of rows that break the rule; null where the rule is not about rows.
        source: the source's code, where the rule is about one source.
        provider: the provider's code, where the rule is about one provider.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    build_id: str | None = None
    checked_at: AwareDatetime = Field(default_factory=now)
    check_kind: CheckKind
    table_name: str
    column_name: str | None = None
    rule: str
    severity: Severity
    passed: bool
    observed: str | None = None
    expected: str | None = None
    failing_rows: int | None = None
    source: str | None = None
    provider: str | None = None
    message: str | None = None


class Verdict(BaseModel):
    """Whether a build may be published. It is written after all results: a check that was killed leaves no verdict."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    build_id: str
    checked_at: AwareDatetime = Field(default_factory=now)
    passed: bool
    check_count: int
    critical_failure_count: int
    warning_count: int


def append_check_results(data: DataRoot, run_id: str, results: Iterable[CheckResult]) -> None:
    """Append the results of a run.

    Args:
        data: the data root.
        run_id: the run, after which the file is named.
        results: the results, of one kind or several.
    """
    jsonl.append(data.state / "check_results" / f"{run_id}.jsonl", results)


def check_results(data: DataRoot, run_id: str | None = None) -> Iterator[CheckResult]:
    """Yield stored check results.

    Args:
        data: the data root.
        run_id: the run whose results are wanted; all runs if null.

    Yields:
        The results by run, in the order in which they were written.
    """
    for path in sorted((data.state / "check_results").glob(f"{run_id or '*'}.jsonl")):
        yield from (CheckResult.model_validate(record) for record in jsonl.read(path))


def record_verdict(data: DataRoot, verdict: Verdict) -> None:
    """Record the verdict on a build."""
    jsonl.append(data.state / "checks.jsonl", [verdict])


def last_verdict(data: DataRoot, build_id: str) -> Verdict | None:
    """Return the last verdict on a build; null where no check of it has finished."""
    # a build can be checked again, for instance after a new expectation: the last verdict counts
    verdicts = [Verdict.model_validate(record) for record in jsonl.read(data.state / "checks.jsonl")]
    return next((verdict for verdict in reversed(verdicts) if verdict.build_id == build_id), None)
