"""`wangjian health`."""

from __future__ import annotations

import dataclasses
import json
import sys

import click

from wangjian.cli.common import json_option
from wangjian.core.paths import data_root


@click.command()
@json_option
def health(as_json: bool) -> None:
    """Check the health of the warehouse. Exit code 1 if something is wrong: for a monitoring system."""
    from wangjian.cli.show_health import show_health
    from wangjian.operations.health import health as look

    found = look(data_root())
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found) | {"is_well": found.is_well}, ensure_ascii=False, default=str))
    else:
        show_health(found)
    # an exit code, since a monitoring system need not parse the output
    if not found.is_well:
        sys.exit(1)
