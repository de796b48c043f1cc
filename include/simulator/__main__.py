"""The command line of the simulator."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from datetime import datetime
from pathlib import Path

import click

from simulator.faults import Faults
from simulator.scenario import Scenario
from simulator.serving import LOOPBACK, Address, serving
from simulator.systems import Systems

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group(help="Simulated source systems 模拟数据源")
def main() -> None:
    """Entry point."""


@main.command()
@click.option("--data-dir", type=click.Path(path_type=Path), required=True, help="where keys and served files go")
@click.option("--seed", default=2023, show_default=True)
@click.option("--scale", default=1.0, show_default=True, help="1.0 is the city in full")
@click.option("--from", "start", type=DAY, default="2023-01-01", show_default=True)
@click.option("--to", "end", type=DAY, default="2023-12-31", show_default=True)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    help="switch a fault on: NAME, or NAME@YYYY-MM-DD for one day; may be given several times",
)
@click.option(
    "--ports-file", type=click.Path(path_type=Path), help="write addresses and logins here, as JSON, when ready"
)
@click.option("--host", default=LOOPBACK, show_default=True, help="name for a network: all interfaces, over HTTPS")
@click.option("--http-port", default=0, show_default=True, help="0: the system picks one")
@click.option("--sftp-port", default=0, show_default=True, help="0: the system picks one")
def serve(
    data_dir: Path,
    seed: int,
    scale: float,
    start: datetime,
    end: datetime,
    faults: tuple[str, ...],
    ports_file: Path | None,
    host: str,
    http_port: int,
    sftp_port: int,
) -> None:
    """Serve one world over HTTP, SFTP and a drop folder until interrupted."""
    try:
        switched_on = Faults(faults)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--fault") from None
    systems = Systems(Scenario(seed, scale, start.date(), end.date()))
    asyncio.run(_serve(systems, data_dir, switched_on, ports_file, Address(host, http_port, sftp_port)))


async def _serve(systems: Systems, data_dir: Path, faults: Faults, ports_file: Path | None, at: Address) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(systems, data_dir, faults, at) as world:
        if ports_file:
            ports_file.touch(mode=0o600)
            ports_file.write_text(
                json.dumps({"airflow_connections": world.connections, "drop_folder": str(world.drop)})
            )
        print("ready", flush=True)
        await stop.wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(prog_name="python -m simulator", standalone_mode=False)
