"""`wangjian publications` and `rollback`."""

from __future__ import annotations

import click

from wangjian.cli.common import json_option, say, warn
from wangjian.core.paths import data_root


@click.command()
@json_option
def publications(as_json: bool) -> None:
    """List the kept publications: query one with `sql --publication`, make one current again with `rollback`."""
    from wangjian.cli.show_publications import show_publications

    show_publications(data_root(), as_json=as_json)


@click.command()
@click.argument("publication_id", required=False)
@json_option
def rollback(publication_id: str | None, as_json: bool) -> None:
    """Make a kept publication current again; by default the previous one."""
    from wangjian.orchestration import pipeline

    report = pipeline.rollback(data_root(), publication_id)
    say({"publication": report.publication.publication_id, "as of": report.publication.as_of}, as_json=as_json)
    warn(report.warnings)
