"""`wangjian backfill`."""

from __future__ import annotations

from typing import Any

import click

from wangjian.cli.common import DAY, json_option, with_progress
from wangjian.core.errors import WangjianError
from wangjian.core.paths import data_root


@click.command()
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
    from wangjian.cli.show_backfill import show_change, show_plan
    from wangjian.ingestion.sources.registry import load_registry
    from wangjian.orchestration.backfill import BackfillRequest, make_plan, run_backfill

    days = {name: given.pop(name).date() for name in ("date_from", "date_to")}
    sources = given.pop("sources") or tuple(load_registry())
    request = BackfillRequest(sources=sources, **days, **given)
    # with --json, standard output holds one document: the plan of a dry run, or the outcome
    if dry_run or not as_json:
        show_plan(make_plan(data_root(), request), as_json=as_json)
    if dry_run:
        return
    report = with_progress(lambda p: run_backfill(data_root(), request, p))
    show_change(report, as_json=as_json)
    # raised last: the person sees what was published, and a script sees that something is missing
    if report.failures:
        raise WangjianError("; ".join(report.failures), fix="run it again: only what is left is done")
