"""The functions that the DAGs' tasks call: steps of the pipeline that read Airflow's context and raise Airflow's errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow.sdk import Asset, get_current_context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from wangjian.core.airflow_names import WRITER_POOL, WRITER_QUEUE
from wangjian.core.disk import disk_trouble
from wangjian.core.errors import AwaitingApproval, BadArguments, ChecksFailed, SourceRefused, WangjianError
from wangjian.core.logs import bound, configure
from wangjian.core.paths import data_root
from wangjian.core.printable import printable
from wangjian.core.settings import settings
from wangjian.ingestion.sources.registry import TIMEZONE, load_registry

if TYPE_CHECKING:
    from wangjian.orchestration.backfill import BackfillRequest

__all__ = ["WRITER_POOL", "WRITER_QUEUE"]

LONGEST_GATHERING = timedelta(minutes=10)
"""How long a build waits for sources that are still being fetched: a source that is down must not hold up the others."""


def schedule_end() -> datetime | None:
    """Return the end of the last business date to schedule a run for (`$WANGJIAN_SCHEDULE_UNTIL`); null if not set.

    Simulated sources end on some day. Their DAGs then start no run, but keep their schedule: without one, Airflow cannot
    backfill.
    """
    last = settings().schedule_until
    return datetime.combine(last, time.max, ZoneInfo(TIMEZONE)) if last else None


def raw_asset(source: str) -> Asset:
    """Return the asset for the parsed files of a source: a task that adds files updates it, which triggers a build."""
    return Asset(f"wangjian_raw_{source}", uri=f"wangjian://raw/{source}")


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn our errors into Airflow's: one clear message instead of a stack trace, and a retry only if it can help.

    Inside the block, log lines carry the run and the task.
    """
    configure(in_task=True)
    try:
        with bound(**_where()):
            yield
    # a retry cannot fix a refused login, a wrong setting, failed checks or a missing approval: fail at once
    except (SourceRefused, BadArguments, ChecksFailed, AwaitingApproval) as error:
        raise AirflowFailException(str(error)) from None
    except WangjianError as error:
        raise AirflowException(str(error)) from None
    # a full disk shows as many kinds of error: say so in plain words, and let a retry follow when there is space
    except Exception as error:
        if trouble := disk_trouble(error):
            raise AirflowException(str(trouble)) from None
        raise


def _say(line: object) -> None:
    """Print a line to the task's log, with control characters escaped: names in it may come from a source."""
    print(printable(str(line)))


def _where() -> dict[str, str]:
    """Return the run and the task of this process; empty outside of a task, as in tests."""
    try:
        task = get_current_context()["ti"]
    except RuntimeError:
        return {}
    return {"dag_run": task.run_id, "task": f"{task.dag_id}.{task.task_id}"}


def _progress(label: str, done: int, total: int | None) -> None:
    # about ten lines for each step: a line for each file would drown the log
    if total and (done == total or done % max(1, total // 10) == 0):
        _say(f"{label}: {done}/{total}")


def business_date() -> date:
    """Return the date that a daily run is for: the parameter, or the first day of its data interval in Shanghai."""
    context = get_current_context()
    given = context["params"].get("business_date")
    if given:
        return date.fromisoformat(str(given))
    # Airflow's interval is in UTC: at 00:00 in Shanghai the UTC date is still the day before
    start = context["data_interval_start"]
    return start.astimezone(ZoneInfo(TIMEZONE)).date()  # type: ignore[union-attr]


def fetch_business_date(source: str) -> None:
    """Fetch one business date, and late exports of the days before."""
    from wangjian.orchestration import pipeline

    day = business_date()
    with clear_errors():
        report = pipeline.ingest(data_root(), source, day, day, look_back=True, progress=_progress)
    _say(f"{source} {day}: {report.exports_new} new exports, {report.files} files, {report.bytes} bytes")
    for warning in report.warnings:
        _say(f"warning: {warning}")


def parse_source(source: str) -> None:
    """Parse new exports. If readers already see everything, skip the task, so that it triggers no build."""
    from wangjian.orchestration import pipeline

    with clear_errors():
        report = pipeline.parse(data_root(), source, _progress)
    _say(f"{source}: {report.files} files, {report.rows} rows, {report.rejected_files} rejected")
    for message in report.messages:
        _say(f"rejected: {message}")
    if pipeline.is_published(data_root()):
        raise AirflowSkipException(f"nothing new from {source}")


def backfill_request(params: dict[str, Any]) -> BackfillRequest:
    """Return the backfill request from the parameters of a run."""
    from wangjian.orchestration.backfill import BackfillRequest

    with clear_errors():
        try:
            request = BackfillRequest.model_validate({name: params[name] for name in BackfillRequest.model_fields})
        except ValueError as error:
            raise BadArguments(f"the run's parameters are wrong: {error}", fix="correct them and start again") from None
        request.require_sound()
    return request


def planned_sources(params: dict[str, Any]) -> list[str]:
    """Return the sources of a backfill. Before that, print its plan, and hold publication if the request says so."""
    from wangjian.orchestration.backfill import begin

    request = backfill_request(params)
    with clear_errors():
        plan = begin(data_root(), request)
    _say(f"backfill {request.date_from} to {request.date_to}, {request.mode}: {request.reason}")
    for item in plan.datasets:
        _say(
            f"  {item.source}/{item.dataset}: {item.landed} landed, {len(item.missing)} missing, {item.unparsed} to parse"
        )
    _say(f"estimated seconds: {plan.seconds or 'unknown'}")
    return list(request.sources)


def fetch_and_parse_range(source: str, params: dict[str, Any]) -> None:
    """Fetch and parse one source's part of a backfill."""
    from wangjian.orchestration.backfill import prepare

    with clear_errors():
        prepare(data_root(), backfill_request(params), source, _progress)


def build_check_publish_range(params: dict[str, Any]) -> None:
    """Build once for the whole range, check and publish, and print what changed for readers."""
    from wangjian.operations.metrics import write_configured
    from wangjian.orchestration.backfill import finish

    with clear_errors():
        change, publication_id = finish(data_root(), backfill_request(params), _progress)
    write_configured(data_root())
    for item in change.tables:
        _say(f"  {item.table} {item.month or ''}: +{item.added} -{item.removed} ~{item.changed}")
    _say(f"{len(change.kpis)} KPIs change; publication {publication_id or 'waits for approval'}")


def ingestion_is_quiet() -> bool:
    """Return whether no source is being fetched or parsed, or the wait has lasted `LONGEST_GATHERING`."""
    task = get_current_context()["ti"]
    # measured from the start of the task, not of this poke: a sensor is called again and again
    waited = datetime.now(UTC) - task.start_date
    running = [f"ingest_{source}" for source in load_registry()]
    # queued runs count too: a source that is about to start should come with this build
    busy = [dag_id for dag_id in running if task.get_dr_count(dag_id, states=["running", "queued"])]
    if busy and waited < LONGEST_GATHERING:
        return False
    _say(f"waited {waited.total_seconds():.0f} s; still under way: {', '.join(busy) or 'none'}")
    return True


def build_warehouse() -> None:
    """Build with dbt. If readers already see everything, skip this task and the following ones."""
    from wangjian.orchestration import pipeline

    if pipeline.is_published(data_root()):
        raise AirflowSkipException("readers already see everything that is parsed")
    with clear_errors():
        report = pipeline.build(data_root(), progress=_progress)
    _say(f"build {report.build_id}: {'already current' if report.was_current else f'{report.seconds:.1f} s'}")


def check_warehouse() -> None:
    """Check the build. A critical failure is not retried: the same build would fail again."""
    from wangjian.orchestration import pipeline

    with clear_errors():
        report = pipeline.check(data_root())
    _say(f"{len(report.results)} checks, {len(report.warnings)} warnings; report: {report.site}")
    for warning in report.warnings:
        _say(f"warning: {warning.table_name} {warning.rule}: {warning.message}")


def publish_warehouse() -> None:
    """Publish the build if it is checked and new, and notify people if the site or a role's file could not be written."""
    from wangjian.operations.metrics import write_configured
    from wangjian.operations.notifications import notify
    from wangjian.orchestration import pipeline

    with clear_errors():
        report = pipeline.publish(data_root())
    write_configured(data_root())
    _say(f"{report.message} ({'new' if report.is_new else 'unchanged'})")
    if report.warnings:
        notify("网监数仓 已发布，但有未完成事项 published, but not all is done", "\n".join(report.warnings))


def compact_raw() -> None:
    """Merge the small raw files of past months, source by source."""
    from wangjian.orchestration import pipeline

    for source in load_registry():
        with clear_errors():
            _say(f"{source}: {pipeline.compact(data_root(), source)} partitions merged")


def clear_away_old() -> None:
    """Remove what is older than its retention period."""
    from wangjian.orchestration import pipeline

    with clear_errors():
        done = pipeline.housekeeping(data_root())
    for item in done.cleared:
        _say(f"{item.kind} {item.name}: {item.byte_size} bytes{f' → {item.moved_to}' if item.moved_to else ''}")
    _say("; ".join([done.summary, *done.left]))


def write_docs() -> None:
    """Write the documentation of the models."""
    from wangjian.orchestration import pipeline

    with clear_errors():
        _say(pipeline.docs(data_root()))


def notify_failure(context: Mapping[str, Any]) -> None:
    """Notify people that a task failed for good: the failure callback of every DAG."""
    from wangjian.operations.metrics import write_configured
    from wangjian.operations.notifications import notify

    write_configured(data_root())
    task, error = context["ti"], context.get("exception")
    notify(f"网监数仓 任务失败 task failed: {task.dag_id}.{task.task_id}", f"{task.run_id}\n{error}")


def notify_health() -> None:
    """Check the health of the warehouse, and notify people of problems."""
    from wangjian.operations.health import health
    from wangjian.operations.metrics import write_configured
    from wangjian.operations.notifications import notify

    write_configured(data_root())
    state = health(data_root())
    problems = [f"{source.source}: {problem}" for source in state.sources for problem in source.problems]
    problems += state.problems
    print("\n".join(problems) or "all is well")
    if problems:
        channels = notify(f"网监数仓 {len(problems)} 个问题 problems", "\n".join(problems))
        _say(f"sent over: {', '.join(channels) or 'nothing, no connection is defined'}")


def anchor_audit_log() -> None:
    """Send the head of the audit log to the anchors outside; skip the task if none is defined.

    A skip, not a failure: a site without an anchor would have a failed task every morning, and people would ignore it.
    """
    from wangjian.operations.anchoring import anchor_audit_log as anchor

    with clear_errors():
        anchored = anchor(data_root())
    if not anchored.channels:
        raise AirflowSkipException(
            "the audit log is not anchored: neither wangjian_anchor_webhook nor wangjian_anchor_smtp is defined; see docs/how-to/audit-log.md"
        )
    _say(f"{anchored.head} over {', '.join(anchored.channels)}")
