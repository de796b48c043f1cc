"""What the DAGs' tasks do: the steps of `wangjian.pipeline`, with Airflow's context in and Airflow's errors out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import Asset, get_current_context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from wangjian.errors import BadArguments, ChecksFailed, SourceRefused, WangjianError
from wangjian.orchestration_names import WRITER_POOL
from wangjian.paths import data_root
from wangjian.sources.registry import TIMEZONE, load_registry

__all__ = ["WRITER_POOL"]

LONGEST_GATHERING = timedelta(minutes=10)
"""How long a build waits for sources that are still being fetched: a source that is down must not keep the others back."""


def raw_asset(source: str) -> Asset:
    """The parsed files of a source: whoever brings new ones updates it."""
    return Asset(f"wangjian_raw_{source}", uri=f"wangjian://raw/{source}")


@contextmanager
def clear_errors() -> Iterator[None]:
    """One clear message instead of a stack trace; what a retry cannot mend is not retried."""
    try:
        yield
    except (SourceRefused, BadArguments, ChecksFailed) as error:
        raise AirflowFailException(str(error)) from None
    except WangjianError as error:
        raise AirflowException(str(error)) from None


def _progress(label: str, done: int, total: int | None) -> None:
    if total and (done == total or done % max(1, total // 10) == 0):
        print(f"{label}: {done}/{total}")


def business_date() -> date:
    """The date that a daily run is for: the parameter, else the first day of its data interval in Shanghai."""
    context = get_current_context()
    given = context["params"].get("business_date")
    if given:
        return date.fromisoformat(str(given))
    start = context["data_interval_start"]
    return start.astimezone(ZoneInfo(TIMEZONE)).date()  # type: ignore[union-attr]


def fetch_business_date(source: str) -> None:
    """Fetch one business date, and what came late for the days before."""
    from wangjian import pipeline

    day = business_date()
    with clear_errors():
        report = pipeline.ingest(data_root(), source, day, day, look_back=True, progress=_progress)
    print(f"{source} {day}: {report.exports_new} new exports, {report.files} files, {report.bytes} bytes")
    for warning in report.warnings:
        print(f"warning: {warning}")


def parse_source(source: str) -> None:
    """Parse what is new; skip, so that nothing is triggered, where readers already see everything."""
    from wangjian import pipeline

    with clear_errors():
        report = pipeline.parse(data_root(), source, _progress)
    print(f"{source}: {report.files} files, {report.rows} rows, {report.rejected_files} rejected")
    for message in report.messages:
        print(f"rejected: {message}")
    if pipeline.is_published(data_root()):
        raise AirflowSkipException(f"nothing new from {source}")


def planned_sources(params: dict[str, Any]) -> list[str]:
    """The sources of a backfill, after a look at its parameters."""
    first, last = date.fromisoformat(params["date_from"]), date.fromisoformat(params["date_to"])
    unknown = sorted(set(params["sources"]) - load_registry().keys())
    if first > last or unknown:
        raise AirflowFailException(
            f"cannot backfill {first} to {last} of {params['sources']}: unknown {unknown} or dates reversed"
        )
    print(f"backfill {first} to {last}: {', '.join(params['sources'])}. Reason: {params.get('reason') or 'none given'}")
    return list(params["sources"])


def fetch_and_parse_range(source: str, params: dict[str, Any]) -> None:
    """One source's share of a backfill."""
    from wangjian import pipeline

    first, last = date.fromisoformat(params["date_from"]), date.fromisoformat(params["date_to"])
    with clear_errors():
        fetched = pipeline.ingest(data_root(), source, first, last, refetch=params["refetch"], progress=_progress)
        parsed = pipeline.parse(data_root(), source, _progress)
    print(f"{source}: {fetched.files} files in {fetched.seconds:.1f} s, {parsed.rows} rows in {parsed.seconds:.1f} s")


def ingestion_is_quiet() -> bool:
    """Whether no source is being fetched or parsed, or one has kept the others waiting for long enough."""
    task = get_current_context()["ti"]
    waited = datetime.now(UTC) - task.start_date
    running = [f"ingest_{source}" for source in load_registry()]
    busy = [dag_id for dag_id in running if task.get_dr_count(dag_id, states=["running", "queued"])]
    if busy and waited < LONGEST_GATHERING:
        return False
    print(f"waited {waited.total_seconds():.0f} s; still under way: {', '.join(busy) or 'none'}")
    return True


def build_warehouse() -> None:
    """Build with dbt; skip, and so what follows, where readers already see everything."""
    from wangjian import pipeline

    if pipeline.is_published(data_root()):
        raise AirflowSkipException("readers already see everything that is parsed")
    with clear_errors():
        report = pipeline.build(data_root(), progress=_progress)
    print(f"build {report.build_id}: {'already current' if report.was_current else f'{report.seconds:.1f} s'}")


def check_warehouse() -> None:
    """Check the build; a critical failure is not retried."""
    from wangjian import pipeline

    with clear_errors():
        report = pipeline.check(data_root())
    print(f"{len(report.results)} checks, {len(report.warnings)} warnings; report: {report.site}")
    for warning in report.warnings:
        print(f"warning: {warning.table_name} {warning.rule}: {warning.message}")


def publish_warehouse() -> None:
    """Publish, if checked and new."""
    from wangjian import pipeline

    with clear_errors():
        report = pipeline.publish(data_root())
    print(f"{report.message} ({'new' if report.is_new else 'unchanged'})")


def compact_raw() -> None:
    """Merge the small raw files of past months, source by source."""
    from wangjian import pipeline

    for source in load_registry():
        with clear_errors():
            print(f"{source}: {pipeline.compact(data_root(), source)} partitions merged")


def write_docs() -> None:
    """Write the documentation of the models."""
    from wangjian import pipeline

    with clear_errors():
        print(pipeline.docs(data_root()))
