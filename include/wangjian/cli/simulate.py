"""`wangjian simulate`: run a command against simulated source systems."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime

import click

from wangjian.cli.common import DAY
from wangjian.core.errors import BadArguments
from wangjian.core.paths import data_root


@click.command()
@click.option("--from", "first", type=DAY, required=True, help="first business date of the simulated world")
@click.option("--to", "last", type=DAY, required=True, help="last business date")
@click.option("--scale", default=1.0, show_default=True, help="1.0 is the city in full")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def simulate(first: datetime, last: datetime, scale: float, command: tuple[str, ...]) -> None:
    """Serve simulated source systems while COMMAND runs with them as its sources. The exit code is COMMAND's.

    For example: wangjian simulate --from 2023-11-01 --to 2023-11-30 --scale 0.02 -- wangjian ingest jiangxi --from 2023-11-01
    """
    from wangjian.deployment.local.simulators import simulators

    data = data_root()
    # the data root holds personal data: no other account may read it
    data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with simulators(data, f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}", scale=str(scale)) as connections:
        try:
            # the person at the terminal gave this command: there is nothing to check
            ended = subprocess.run(command, env=os.environ | connections, check=False)  # noqa: S603
        except OSError as error:
            raise BadArguments(
                f"cannot run {command[0]}: {error.strerror}", fix="give the path of the program"
            ) from None
    sys.exit(ended.returncode)
