"""Carry out a backfill. Each step skips what is done already, so a second start does only what is left."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from wangjian.core.errors import AwaitingApproval, SourceError
from wangjian.core.locks import backfill_lock, backfill_source_lock
from wangjian.core.paths import DataRoot
from wangjian.ingestion.fetching.fetch import Progress
from wangjian.operations.lineage import lineage_events
from wangjian.orchestration import pipeline
from wangjian.orchestration.backfill.diff import Difference, difference
from wangjian.orchestration.backfill.plan import Plan, make_plan
from wangjian.orchestration.backfill.request import BackfillRequest
from wangjian.state import record_run
from wangjian.state.holds import Hold, present_hold, record_hold
from wangjian.warehouse.opening import warehouse_open


@dataclass(frozen=True)
class BackfillReport:
    """What a backfill did.

    Attributes:
        change: what the backfill changes for readers.
        publication_id: the publication that readers see now; null if publication waits for approval.
        failures: the error of each source that could not be fetched completely.
    """

    plan: Plan
    change: Difference
    publication_id: str | None
    failures: tuple[str, ...]


def run_backfill(data: DataRoot, request: BackfillRequest, progress: Progress | None = None) -> BackfillReport:
    """Plan, fetch, parse, build once, check, compare, and publish or hold.

    Args:
        data: the data root.
        request: the backfill.
        progress: a callback for progress reports.

    Returns:
        The report. It names each source that failed; what the others delivered is published all the same.

    Raises:
        BadArguments: the request is invalid; nothing was done.
        Busy: another backfill is running; nothing was done.
        AwaitingApproval: publication waits for approval, and the request does not say `hold`; nothing was done.
        ChecksFailed: the build must not be published; readers still see the last publication.
    """
    with ExitStack() as locks:
        # without waiting: a person at a terminal should learn at once that another backfill runs
        locks.enter_context(backfill_lock(data, request.summary, wait=False))
        for source in sorted(request.sources):
            locks.enter_context(backfill_source_lock(data, source, request.summary, wait=False))
        plan = begin(data, request)
        failures = [failure for source in request.sources if (failure := _tried(data, request, source, progress))]
        change, publication_id = finish(data, request, progress)
    return BackfillReport(plan, change, publication_id, tuple(failures))


def begin(data: DataRoot, request: BackfillRequest) -> Plan:
    """Return the plan of a backfill and, with `hold`, hold publication from now on.

    The hold comes before the first fetch: otherwise a daily run could publish what the backfill has parsed so far.

    Returns:
        The plan.

    Raises:
        BadArguments: the request is invalid.
        AwaitingApproval: publication waits for approval, and the request does not say `hold`.
    """
    plan = make_plan(data, request)
    with backfill_lock(data, request.summary):
        hold = present_hold(data)
        if request.hold and hold is None:
            record_hold(data, Hold(reason=request.reason))
        elif hold and not request.hold:
            raise AwaitingApproval(
                f"publication waits for approval since {hold.at:%Y-%m-%d %H:%M}: this backfill would wait too",
                reason=hold.reason,
                fix="run `wangjian publish --approve NAME` first, or give --hold",
            )
    return plan


def _tried(data: DataRoot, request: BackfillRequest, source: str, progress: Progress | None) -> str | None:
    try:
        prepare(data, request, source, progress)
    except SourceError as error:
        return str(error)
    return None


def prepare(data: DataRoot, request: BackfillRequest, source: str, progress: Progress | None = None) -> None:
    """Fetch one source's part of a backfill chunk by chunk, then parse it. Waits for another backfill of the source.

    Raises:
        SourceError: an export could not be fetched; the others are parsed.
    """
    # two backfills of one source would fetch the same exports twice
    with backfill_source_lock(data, source, request.summary):
        failure = _fetch(data, request, source, progress)
        if request.mode != "rebuild":
            pipeline.parse(data, source, progress, again=_again(request), reason=request.reason)
    # raised only after parsing: what was fetched must reach the build also when an export failed
    if failure:
        raise failure


def _fetch(data: DataRoot, request: BackfillRequest, source: str, progress: Progress | None) -> SourceError | None:
    failure: SourceError | None = None
    for first, last in request.chunks() if request.mode == "fetch" else ():
        try:
            datasets = frozenset(request.datasets) or None
            pipeline.ingest(
                data,
                source,
                first,
                last,
                refetch=request.refetch,
                progress=progress,
                datasets=datasets,
                reason=request.reason,
            )
        except SourceError as error:
            # go on, since the next chunk may succeed; the first failure is reported at the end
            failure = failure or error
    return failure


def _again(request: BackfillRequest) -> Callable[[str, str], bool] | None:
    if request.mode != "reparse":
        return None
    return lambda dataset, month: request.wants(dataset) and month in request.months


def finish(data: DataRoot, request: BackfillRequest, progress: Progress | None = None) -> tuple[Difference, str | None]:
    """Build once, check, compare with what readers see, and publish or hold.

    The steps run under one lock, for which this function waits: no daily run may replace the build in between.

    Returns:
        The difference and the ID of the publication; the ID is null if publication waits for approval.

    Raises:
        ChecksFailed: the build must not be published.
        Busy: another program has the warehouse file open.
    """
    doing = request.summary
    with backfill_lock(data, doing), warehouse_open(data, doing):
        change = _built(data, request, progress)
        return change, None if request.hold else pipeline.publish(data).publication.publication_id


def _built(data: DataRoot, request: BackfillRequest, progress: Progress | None) -> Difference:
    with record_run(data, "backfill") as run, lineage_events(run):
        # the run log must say why figures of the past were computed again
        run.purpose = request.reason
        # `rebuild` has no new input, so a build would take the warehouse for current and do nothing
        pipeline.build(data, force=request.mode == "rebuild", progress=progress)
        pipeline.check(data, progress)
        # before the publication: afterwards the build and what readers see are the same
        change = difference(data)
        rows = sum(item.added + item.removed + item.changed for item in change.tables)
        run.message = (
            f"{request.mode} {request.date_from} to {request.date_to}: {rows} rows, {len(change.kpis)} KPIs change"
        )
    return change
