"""Results of checks, of every kind (`state/check_results/<run_id>.jsonl`), and the verdicts on builds (`state/checks.jsonl`)."""

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
    """What one check found in one run: a row of `audit.check_result`.

    Attributes:
        build_id: the build that was checked, or null for a check on files.
        rule: the rule's id, the same in every run.
        observed: what was found, for a person.
        expected: what the rule asks for, for a person.
        failing_rows: how many rows break the rule, or null where it is not about rows.
        source: source code, where the rule is about one source.
        provider: provider code, likewise.
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
    """Whether a build may be published: written once all its results are in place."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    build_id: str
    checked_at: AwareDatetime = Field(default_factory=now)
    passed: bool
    check_count: int
    critical_failure_count: int
    warning_count: int


def append_check_results(data: DataRoot, run_id: str, results: Iterable[CheckResult]) -> None:
    """Append results of a run.

    Args:
        data: the data root.
        run_id: the run; names the file.
        results: the results, of one kind or several.
    """
    jsonl.append(data.state / "check_results" / f"{run_id}.jsonl", results)


def check_results(data: DataRoot, run_id: str | None = None) -> Iterator[CheckResult]:
    """Read results.

    Args:
        data: the data root.
        run_id: of one run; of all runs if null.

    Yields:
        The results, by run, in the order written.
    """
    for path in sorted((data.state / "check_results").glob(f"{run_id or '*'}.jsonl")):
        yield from (CheckResult.model_validate(record) for record in jsonl.read(path))


def record_verdict(data: DataRoot, verdict: Verdict) -> None:
    """Write down the verdict on a build."""
    jsonl.append(data.state / "checks.jsonl", [verdict])


def last_verdict(data: DataRoot, build_id: str) -> Verdict | None:
    """The last verdict on a build, or null where it was never checked to the end."""
    verdicts = [Verdict.model_validate(record) for record in jsonl.read(data.state / "checks.jsonl")]
    return next((verdict for verdict in reversed(verdicts) if verdict.build_id == build_id), None)
