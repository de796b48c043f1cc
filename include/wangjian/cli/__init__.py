"""The command line `wangjian`: a thin layer over the functions that the DAGs call too.

Commands import what they need inside the function: `wangjian --help` must not wait for dbt, DuckDB or Arrow.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.markup import escape

from wangjian.cli.archive import archive
from wangjian.cli.audit import audit
from wangjian.cli.backup import backup, restore
from wangjian.cli.bulletin import bulletin
from wangjian.cli.common import DAY, console, echo, json_option
from wangjian.cli.common import say as _say
from wangjian.cli.common import with_progress as _with_progress
from wangjian.cli.corrections import corrections
from wangjian.cli.erasures import erasures
from wangjian.cli.export import export
from wangjian.cli.housekeeping import housekeeping
from wangjian.cli.keys import keys
from wangjian.cli.metrics import metrics
from wangjian.cli.privacy import privacy
from wangjian.cli.roles import roles
from wangjian.cli.simulate import simulate
from wangjian.cli.site import site
from wangjian.cli.trace import trace
from wangjian.core.disk import disk_trouble
from wangjian.core.errors import WangjianError
from wangjian.core.logs import configure
from wangjian.core.paths import data_root
from wangjian.core.skipped_imports import skip_unused_imports


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Wangjian 网监数仓: fetch, parse, build, check and publish."""


def main() -> None:
    """Run the command line and end with its exit code.

    The codes: 0 success, 1 failure, 2 wrong arguments, 3 checks stopped the publication, 130 interrupted.
    """
    try:
        configure()
        # otherwise click prints errors and ends the process itself, with its own exit codes
        cli(standalone_mode=False)
    except WangjianError as error:
        _fail(error)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except Exception as error:
        # a full disk fails in any library, with any error: the person needs to read that it is full
        if trouble := disk_trouble(error):
            _fail(trouble)
        raise


def _fail(error: WangjianError) -> NoReturn:
    # an error names places in brackets; without escaping, rich would read them as markup and drop them
    console.print("[bold red]✘[/]", escape(str(error)), highlight=False, soft_wrap=True)
    sys.exit(error.exit_code)


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        console.print("[bold yellow]![/]", escape(warning), highlight=False, soft_wrap=True)


@cli.command()
@click.argument("source")
@click.option("--from", "date_from", type=DAY, required=True, help="first business date")
@click.option("--to", "date_to", type=DAY, help="last business date; default: the first")
@click.option("--refetch", is_flag=True, help="fetch again what is landed")
@json_option
def ingest(source: str, date_from: datetime, date_to: datetime | None, refetch: bool, as_json: bool) -> None:
    """Fetch the exports of SOURCE into landing."""
    from wangjian.orchestration import pipeline

    first, last = date_from.date(), (date_to or date_from).date()
    report = _with_progress(lambda p: pipeline.ingest(data_root(), source, first, last, refetch=refetch, progress=p))
    counts = {"exports new": report.exports_new, "exports known": report.exports_known, "files": report.files}
    _say(
        {**counts, "bytes": report.bytes, "seconds": round(report.seconds, 1), "warnings": report.warnings},
        as_json=as_json,
    )


@cli.command()
@click.argument("source")
@json_option
def parse(source: str, as_json: bool) -> None:
    """Parse what is landed of SOURCE into raw Parquet."""
    # Arrow imports pandas only to test whether a value is a data frame; we never pass one, and it costs a fifth of a second
    skip_unused_imports("pandas")
    from wangjian.orchestration import pipeline

    report = _with_progress(lambda p: pipeline.parse(data_root(), source, p))
    counts = {"files": report.files, "rows": report.rows, "rejected files": report.rejected_files}
    _say({**counts, "seconds": round(report.seconds, 1), "messages": report.messages}, as_json=as_json)


@cli.command()
@click.option("--force", is_flag=True, help="build also where nothing has changed")
@json_option
def build(force: bool, as_json: bool) -> None:
    """Build the warehouse with dbt."""
    from wangjian.orchestration import pipeline

    report = _with_progress(lambda p: pipeline.build(data_root(), force=force, progress=p))
    slowest = dict(list(report.model_seconds.items())[:5])
    _say(
        {
            "build": report.build_id,
            "was current": report.was_current,
            "seconds": round(report.seconds, 1),
            "slowest": slowest,
        },
        as_json=as_json,
    )


@cli.command()
@click.argument("source")
@json_option
def compact(source: str, as_json: bool) -> None:
    """Merge the small raw files of SOURCE's past months; no result changes."""
    from wangjian.orchestration import pipeline

    _say({"partitions merged": pipeline.compact(data_root(), source)}, as_json=as_json)


@cli.command()
@json_option
def docs(as_json: bool) -> None:
    """Write the documentation of the models: one page, for any browser."""
    from wangjian.orchestration import pipeline

    _say({"docs": pipeline.docs(data_root())}, as_json=as_json)


@cli.command()
@json_option
def check(as_json: bool) -> None:
    """Check the last build: may it be published?"""
    from wangjian.orchestration import pipeline

    report = _with_progress(lambda p: pipeline.check(data_root(), p))
    warnings = [f"{warning.table_name} {warning.rule}" for warning in report.warnings]
    _say({"checks": len(report.results), "warnings": warnings, "report": report.site}, as_json=as_json)


@cli.command()
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
        _say(dataclasses.asdict(mirrored), as_json=as_json)
        return
    report = pipeline.publish(data_root(), approved_by=approved_by)
    _say(
        {"publication": report.publication.publication_id, "as of": report.publication.as_of, "state": report.message},
        as_json=as_json,
    )
    _warn(report.warnings)


@cli.command()
@click.option("--source", "sources", multiple=True, help="source code; several may be given; default: all")
@click.option("--dataset", "datasets", multiple=True, help="only these; several may be given")
@click.option("--from", "date_from", type=DAY, required=True, help="first business date")
@click.option("--to", "date_to", type=DAY, required=True, help="last business date")
@click.option("--mode", type=click.Choice(["fetch", "reparse", "rebuild"]), default="fetch", show_default=True)
@click.option("--refetch", is_flag=True, help="ask the sources also for what is landed")
@click.option("--chunk-days", default=31, show_default=True, help="so many days are fetched at a time")
@click.option("--reason", default="", help="why; kept in the run log")
@click.option("--hold", is_flag=True, help="wait for `wangjian publish --approve NAME`")
@click.option("--dry-run", is_flag=True, help="show the plan and stop")
@json_option
def backfill(dry_run: bool, as_json: bool, **given: Any) -> None:
    """Process a range of business dates again: plan, fetch, parse, one build, check, compare, publish."""
    from wangjian.cli.backfill import show_change, show_plan
    from wangjian.ingestion.sources.registry import load_registry
    from wangjian.orchestration.backfill import BackfillRequest, make_plan, run_backfill

    days = {name: given.pop(name).date() for name in ("date_from", "date_to")}
    sources = given.pop("sources") or tuple(load_registry())
    request = BackfillRequest(sources=sources, **days, **given)
    # the plan is the result of a dry run only; otherwise it is information for the person at the terminal
    show_plan(make_plan(data_root(), request), as_json=as_json and dry_run)
    if dry_run:
        return
    report = _with_progress(lambda p: run_backfill(data_root(), request, p))
    show_change(report, as_json=as_json)
    # raised last: the person sees what was published, and a script sees that something is missing
    if report.failures:
        raise WangjianError("; ".join(report.failures), fix="run it again: only what is left is done")


@cli.command()
@json_option
def publications(as_json: bool) -> None:
    """List the kept publications: query one with `sql --publication`, make one current again with `rollback`."""
    from wangjian.cli.publications import show_publications

    show_publications(data_root(), as_json=as_json)


@cli.command()
@click.argument("publication_id", required=False)
@json_option
def rollback(publication_id: str | None, as_json: bool) -> None:
    """Make a kept publication current again; by default the previous one."""
    from wangjian.orchestration import pipeline

    report = pipeline.rollback(data_root(), publication_id)
    _say({"publication": report.publication.publication_id, "as of": report.publication.as_of}, as_json=as_json)
    _warn(report.warnings)


@cli.command()
@json_option
def rebuild(as_json: bool) -> None:
    """Rebuild everything from landing/ alone."""
    from wangjian.orchestration import pipeline

    report = _with_progress(lambda p: pipeline.rebuild(data_root(), p))
    _say({"publication": report.publication.publication_id, "as of": report.publication.as_of}, as_json=as_json)
    _warn(report.warnings)


@cli.command()
@json_option
def status(as_json: bool) -> None:
    """Show what readers see, and how the last runs ended."""
    from wangjian import publishing
    from wangjian.state import now, runs

    data = data_root()
    current = publishing.current(data)
    # a later run of the same step and source replaces the earlier one in the dictionary
    last = {f"{run.step} {run.source or ''}".strip(): run for run in runs(data)}
    if as_json:
        shown: dict[str, Any] = {"data root": data.root, "publication": current and current.model_dump(mode="json")}
        _say(shown | {"last": {name: run.model_dump(mode="json") for name, run in last.items()}}, as_json=True)
        return
    echo(f"数据 data root   {data.root}")
    hours = (now() - current.published_at).total_seconds() / 3600 if current else 0
    as_of = f"{current.publication_id}, as of {current.as_of}, {hours:.0f} h old" if current else "none"
    echo(f"发布 published   {as_of}")
    echo(f"暂缓 held back   {(current and current.held) or '无 nothing'}")
    for name, run in last.items():
        seconds = f"{(run.ended_at - run.started_at).total_seconds():6.1f} s" if run.ended_at else " " * 8
        echo(f"{name:24} {run.started_at:%Y-%m-%d %H:%M} {seconds} {run.outcome:11} {run.message or ''}")


@cli.command()
@json_option
def health(as_json: bool) -> None:
    """Check the health of the warehouse. Exit code 1 if something is wrong: for a monitoring system."""
    from wangjian.cli.health import show_health
    from wangjian.operations.health import health as look

    found = look(data_root())
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found) | {"is_well": found.is_well}, ensure_ascii=False, default=str))
    else:
        show_health(found)
    # an exit code, since a monitoring system need not parse the output
    if not found.is_well:
        sys.exit(1)


@cli.command()
@click.argument("query")
@click.option("--publication", "publication_id", metavar="ID", help="one that is kept; default: the current one")
@json_option
def sql(query: str, publication_id: str | None, as_json: bool) -> None:
    """Run QUERY on the published file, read-only."""
    import duckdb

    from wangjian import publishing

    data = data_root()
    publication = publishing.kept(data, publication_id) if publication_id else None
    with publishing.open_published(data, publication) as connection:
        try:
            answer = connection.sql(query)
            if as_json:
                rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()] if answer else []
                click.echo(json.dumps(rows, ensure_ascii=False, default=str))
            elif answer:
                # line by line through `echo`: a value of a source may hold control characters
                for line in str(answer).split("\n"):
                    echo(line)
        except duckdb.Error as error:
            raise WangjianError(f"the query failed: {error}", fix="see `wangjian sql 'show all tables'`") from None


@cli.command()
@click.argument("source")
@click.argument("dataset")
@click.argument("day", type=DAY)
@click.option("--provider", default="", help="of the third-party source")
@click.option("--reason", required=True, help="why it may go on; kept for the auditors")
@click.option("--person", required=True, help="who decides")
@json_option
def waive(source: str, dataset: str, day: datetime, provider: str, reason: str, person: str, as_json: bool) -> None:
    """Accept later exports although the export of DAY fails its checks; the next `wangjian build` applies it."""
    from wangjian.governance.waivers import waive as record

    waiver = record(data_root(), source, dataset, day.date(), provider=provider, reason=reason, person=person)
    _say({"export": waiver.export_id, "fails": waiver.fail_codes, "waived by": waiver.waived_by}, as_json=as_json)


@cli.command()
@click.argument("export_id")
@click.option("--reason", required=True)
@click.option("--person", required=True, help="who decides")
@json_option
def unwaive(export_id: str, reason: str, person: str, as_json: bool) -> None:
    """Withdraw the waiver of EXPORT_ID."""
    from wangjian.governance.waivers import withdraw

    waiver = withdraw(data_root(), export_id, reason=reason, person=person)
    _say({"export": waiver.export_id, "fails": waiver.fail_codes}, as_json=as_json)


@cli.group()
def quarantine() -> None:
    """List and show bad rows, and export them for the provider to correct."""


def _selects(command: Callable[..., None]) -> Callable[..., None]:
    options = [
        click.option("--source"),
        click.option("--provider"),
        click.option("--dataset"),
        click.option("--reason", help="a reason code, such as TYPE"),
        click.option("--from", "first", type=DAY, help="first business date"),
        click.option("--to", "last", type=DAY, help="last business date"),
    ]
    # reversed: each decorator puts its option in front, and the help should list them in this order
    for option in reversed(options):
        command = option(command)
    return command


def _selection(**given: Any) -> Any:
    from wangjian.governance.quarantine import Selection

    days = {name: given.pop(name) for name in ("first", "last")}
    return Selection(**given, **{name: day and day.date() for name, day in days.items()})


@quarantine.command(name="list")
@_selects
@json_option
def quarantine_list(as_json: bool, **given: Any) -> None:
    """List the bad rows, with what is wrong with each."""
    from wangjian.governance.quarantine import bad_rows

    rows = bad_rows(data_root(), _selection(**given))
    if as_json:
        click.echo(json.dumps([vars(row) for row in rows], ensure_ascii=False, default=str))
        return
    for row in rows:
        sender = f"{row.source}/{row.provider}".rstrip("/")
        reasons = "; ".join(f"{code} {zh} {en}" for code, zh, en in row.reasons)
        echo(f"{row.quarantine_key[:12]}  {row.business_date}  {sender}  {row.dataset}  {row.place}  {reasons}")
    echo(f"{len(rows)} 行 rows")


@quarantine.command(name="show")
@click.argument("key")
@json_option
def quarantine_show(key: str, as_json: bool) -> None:
    """Show the bad row whose key begins with KEY, personal data masked."""
    from wangjian.governance.quarantine import bad_row

    row = bad_row(data_root(), key)
    reasons = "; ".join(f"{code} {zh} {en}" for code, zh, en in row.reasons)
    shown = {"key": row.quarantine_key, "place": row.place, "file": row.file_sha256, "reasons": reasons}
    _say({**shown, **row.values}, as_json=as_json)


@quarantine.command(name="export")
@_selects
@click.option("--folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="where the files go")
@click.option("--format", "kind", type=click.Choice(["csv", "xlsx"]), default="xlsx", show_default=True)
@click.option("--clear", is_flag=True, help="with personal data as it came; asks for a purpose")
@click.option("--purpose", help="why; goes into the audit log")
@json_option
def quarantine_export(folder: Path, kind: Any, clear: bool, purpose: str | None, as_json: bool, **given: Any) -> None:
    """Write the bad rows into one file for each provider or system, ready to send back."""
    from wangjian.governance.quarantine import export_bad_rows

    files = export_bad_rows(data_root(), folder, kind, _selection(**given), clear=clear, purpose=purpose)
    _say({"files": [str(file) for file in files]}, as_json=as_json)


for command in (
    archive,
    audit,
    backup,
    bulletin,
    corrections,
    erasures,
    export,
    housekeeping,
    keys,
    metrics,
    privacy,
    restore,
    roles,
    simulate,
    site,
    trace,
):
    cli.add_command(command)
