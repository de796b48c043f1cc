"""What the commands have in common: days, output for machines."""

from __future__ import annotations

import json
from typing import Any

import click

DAY = click.DateTime(formats=["%Y-%m-%d"])
MONTH = click.DateTime(formats=["%Y-%m"])

json_option = click.option("--json", "as_json", is_flag=True, help="for machines")


def say(result: dict[str, Any], *, as_json: bool) -> None:
    """Print what a command did: a line a thing, or one JSON object."""
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, default=str))
        return
    for name, value in result.items():
        click.echo(f"{name:14} {value}")
