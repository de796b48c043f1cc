"""`wangjian ingest`, `parse`, `build`, `check`, `publish` and what belongs to these steps."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import click

from wangjian.cli.common import DAY, json_option, say, warn, with_progress
from wangjian.core.paths import data_root
from wangjian.core.skipped_imports import skip_unused_imports


@click.command()
@click.argument("source")
@click.option("--from", "date_from", type=DAY, required=True, help="first business date")
@click.option("--to", "date_to", type=DAY, help="last business date; default: the first")
@click.option("--refetch", is_flag=True, help="fetch again what is landed")
@json_option
def ingest(source: str, date_from: datetime, date_to: datetime | None, refetch: bool, as_json: bool) -> None:
    """Fetch the exports of SOURCE into landing."""
    from wangjian.orchestration import pipeline

    first, last = date_from.date(), (date_to or date_from).date()
    report = with_progress(lambda p: pipeline.ingest(data_root(), source, first, last, refetch=refetch, progress=p))
    counts = {"exports new": report.exports_new, "exports known": report.exports_known, "files": report.files}
    say(
        {**counts, "bytes": report.bytes, "seconds": round(report.seconds, 1), "warnings": report.warnings},
        as_json=as_json,
    )


@click.command()
@click.argument("source")
@json_option
def parse(source: str, as_json: bool) -> None:
    """Parse what is landed of SOURCE into raw Parquet."""
    # Arrow imports pandas only to test whether a value is a data frame; we never pass one, and it costs a fifth of a second
    skip_unused_imports("pandas")
    from wangjian.orchestration import pipeline

    report = with_progress(lambda p: pipeline.parse(data_root(), source, p))
    counts = {"files": report.files, "rows": report.rows, "rejected files": report.rejected_files}
    say({**counts, "seconds": round(report.seconds, 1), "messages": report.messages}, as_json=as_json)


@click.command()
@click.option("--force", is_flag=True, help="build also where nothing has changed")
@json_option
def build(force: bool, as_json: bool) -> None:
    """Build the warehouse with dbt."""
    from wangjian.orchestration import pipeline

    report = with_progress(lambda p: pipeline.build(data_root(), force=force, progress=p))
    slowest = dict(list(report.model_seconds.items())[:5])
    say(
        {
            "build": report.build_id,
            "was current": report.was_current,
            "seconds": round(report.seconds, 1),
            "slowest": slowest,
        },
        as_json=as_json,
    )


@click.command()
@click.argument("source")
@json_option
def compact(source: str, as_json: bool) -> None:
    """Merge the small raw files of SOURCE's past months; no result changes."""
    from wangjian.orchestration import pipeline

    say({"partitions merged": pipeline.compact(data_root(), source)}, as_json=as_json)


@click.command()
@json_option
def docs(as_json: bool) -> None:
    """Write the documentation of the models: one page, for any browser."""
    from wangjian.orchestration import pipeline

    say({"docs": pipeline.docs(data_root())}, as_json=as_json)


@click.command()
@json_option
def check(as_json: bool) -> None:
    """Check the last build: may it be published?"""
    from wangjian.orchestration import pipeline

    report = with_progress(lambda p: pipeline.check(data_root(), p))
    warnings = [f"{warning.table_name} {warning.rule}" for warning in report.warnings]
    say({"checks": len(report.results), "warnings": warnings, "report": report.site}, as_json=as_json)


@click.command()
@click.option("--approve", "approved_by", metavar="NAME", help="let go what a backfill holds; NAME is kept")
@click.option(
    "--to", "mirror_to", type=click.Choice(["postgres"]), help="bring a mirror to what readers see; builds nothing"
)
@json_option
def publish(approved_by: str | None, mirror_to: str | None, as_json: bool) -> None:
    """Publish the last build, if its checks passed."""
    from wangjian.orchestration import pipeline

    if mirror_to:
        mirrored = pipeline.mirror(data_root())
        say(dataclasses.asdict(mirrored), as_json=as_json)
        return
    report = pipeline.publish(data_root(), approved_by=approved_by)
    say(
        {"publication": report.publication.publication_id, "as of": report.publication.as_of, "state": report.message},
        as_json=as_json,
    )
    warn(report.warnings)


@click.command()
@json_option
def rebuild(as_json: bool) -> None:
    """Rebuild everything from landing/ alone."""
    from wangjian.orchestration import pipeline

    report = with_progress(lambda p: pipeline.rebuild(data_root(), p))
    say({"publication": report.publication.publication_id, "as of": report.publication.as_of}, as_json=as_json)
    warn(report.warnings)
