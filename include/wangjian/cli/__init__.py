"""The command line `wangjian`: a thin layer over the functions that the DAGs call too.

Commands import what they need inside the function: `wangjian --help` must not wait for dbt, DuckDB or Arrow.
"""

from __future__ import annotations

import sys
from typing import NoReturn

import click
from rich.markup import escape

from wangjian.cli.archive import archive
from wangjian.cli.audit import audit
from wangjian.cli.backfill import backfill
from wangjian.cli.backup import backup, restore
from wangjian.cli.bulletin import bulletin
from wangjian.cli.common import console
from wangjian.cli.corrections import corrections
from wangjian.cli.erasures import erasures
from wangjian.cli.export import export
from wangjian.cli.health import health
from wangjian.cli.housekeeping import housekeeping
from wangjian.cli.keys import keys
from wangjian.cli.metrics import metrics
from wangjian.cli.pipeline import build, check, compact, docs, ingest, parse, publish, rebuild
from wangjian.cli.privacy import privacy
from wangjian.cli.publications import publications, rollback
from wangjian.cli.quarantine import quarantine
from wangjian.cli.roles import roles
from wangjian.cli.simulate import simulate
from wangjian.cli.site import site
from wangjian.cli.sql import sql
from wangjian.cli.status import status
from wangjian.cli.trace import trace
from wangjian.cli.waivers import unwaive, waive
from wangjian.core.disk import disk_trouble
from wangjian.core.errors import WangjianError
from wangjian.core.logs import configure


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


for command in (
    archive,
    audit,
    backfill,
    backup,
    build,
    bulletin,
    check,
    compact,
    corrections,
    docs,
    erasures,
    export,
    health,
    housekeeping,
    ingest,
    keys,
    metrics,
    parse,
    privacy,
    publications,
    publish,
    quarantine,
    rebuild,
    restore,
    roles,
    rollback,
    simulate,
    site,
    sql,
    status,
    trace,
    unwaive,
    waive,
):
    cli.add_command(command)
