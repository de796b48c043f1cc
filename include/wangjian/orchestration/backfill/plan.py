"""Plan a backfill: what is landed, what would be fetched and parsed, and an estimate of how long it takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing import unparsed
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.registry import Source, get_source
from wangjian.orchestration.backfill.request import BackfillRequest
from wangjian.state import Run, runs


@dataclass(frozen=True)
class DatasetPlan:
    """What a backfill would do for one dataset.

    Attributes:
        landed: how many exports of the range are landed.
        missing: the business dates of the range for which a daily dataset has no export.
        unparsed: how many landed exports are not parsed under the current contract; with `reparse`, all of them.
    """

    source: str
    dataset: str
    landed: int
    missing: tuple[date, ...]
    unparsed: int


@dataclass(frozen=True)
class Plan:
    """What a backfill would do.

    Attributes:
        seconds: an estimate from how long such steps took before; null if one of them has never run.
    """

    request: BackfillRequest
    datasets: tuple[DatasetPlan, ...]
    seconds: float | None

    @property
    def missing(self) -> int:
        """How many daily exports are not landed and would be fetched."""
        return sum(len(item.missing) for item in self.datasets)


def make_plan(data: DataRoot, request: BackfillRequest) -> Plan:
    """Return the plan of a backfill. Planning changes nothing and asks no source.

    Args:
        data: the data root.
        request: the backfill.

    Returns:
        The plan.

    Raises:
        BadArguments: the request is invalid.
    """
    # first: the plan looks up sources and datasets by the names in the request
    request.require_sound()
    landing = Landing(data.landing)
    items = [item for code in request.sources for item in _source_plans(data, landing, get_source(code), request)]
    return Plan(request, tuple(items), _estimate(items, request, runs(data)))


def _source_plans(data: DataRoot, landing: Landing, source: Source, request: BackfillRequest) -> Iterable[DatasetPlan]:
    exports: dict[str, list[Manifest]] = defaultdict(list)
    for export in landing.exports(source.source):
        if request.date_from <= export.key.business_date <= request.date_to:
            exports[export.key.dataset].append(export)
    todo = unparsed(source, data)
    for dataset in load_contract(source.source):
        if request.wants(dataset):
            yield _dataset_plan(source, dataset, exports[dataset], todo, request)


def _dataset_plan(
    source: Source, dataset: str, exports: list[Manifest], todo: frozenset[str], request: BackfillRequest
) -> DatasetPlan:
    there = {export.key.business_date for export in exports}
    days = [request.date_from + timedelta(days=n) for n in range((request.date_to - request.date_from).days + 1)]
    # only a daily dataset has an export for every day; of the others nobody knows the days before asking
    is_expected = dataset in source.daily and request.mode == "fetch"
    is_todo = [request.mode == "reparse" or export.export_id in todo for export in exports]
    return DatasetPlan(
        source=source.source,
        dataset=dataset,
        landed=len(exports),
        missing=tuple(day for day in days if day not in there) if is_expected else (),
        unparsed=0 if request.mode == "rebuild" else is_todo.count(True),
    )


def _estimate(items: list[DatasetPlan], request: BackfillRequest, past: list[Run]) -> float | None:
    """Return the estimated seconds, or null without earlier runs.

    The estimate uses the mean time to fetch and to parse a file, and the time of the last build, check and publication.
    """
    fetched, parsed = _seconds_per_file(past, "ingest"), _seconds_per_file(past, "parse")
    closing = [_last_seconds(past, step) for step in ("build", "check", "publish")]
    # an estimate without one of the parts would be too low, and people would plan with it
    if fetched is None or parsed is None or None in closing:
        return None
    # one export is counted as one file: of what is not fetched yet, nobody knows how many files it has
    files = sum(len(item.missing) + (item.landed if request.refetch else 0) for item in items)
    work = files * fetched + (files + sum(item.unparsed for item in items)) * parsed
    return round(work + sum(seconds or 0 for seconds in closing), 1)


def _seconds_per_file(past: list[Run], step: str) -> float | None:
    done = [run for run in past if run.step == step and run.files and run.ended_at]
    files = sum(run.files or 0 for run in done)
    seconds = sum((run.ended_at - run.started_at).total_seconds() for run in done if run.ended_at)
    return seconds / files if files else None


def _last_seconds(past: list[Run], step: str) -> float | None:
    done = [run for run in past if run.step == step and run.outcome == "succeeded" and run.ended_at]
    return (done[-1].ended_at - done[-1].started_at).total_seconds() if done and done[-1].ended_at else None
