"""Command line of the simulator."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
import socket
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncssh
import click
import uvicorn

from simulator.faults import check_names
from simulator.scenario import Scenario
from simulator.servers.drop_folder import write_drop_folder
from simulator.servers.http_api import build_api
from simulator.servers.sftp_tree import start_sftp, write_tree
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
@click.option("--fault", "faults", multiple=True, help="switch a fault on by name; may be given several times")
@click.option(
    "--ports-file", type=click.Path(path_type=Path), help="write addresses and logins here, as JSON, when ready"
)
def serve(
    data_dir: Path,
    seed: int,
    scale: float,
    start: datetime,
    end: datetime,
    faults: tuple[str, ...],
    ports_file: Path | None,
) -> None:
    """Serve one world over HTTP, SFTP and a drop folder until interrupted."""
    try:
        names = check_names(frozenset(faults))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--fault") from None
    systems = Systems(Scenario(seed, scale, start.date(), end.date()))
    asyncio.run(_serve(systems, data_dir, names, ports_file))


async def _serve(systems: Systems, data_dir: Path, faults: frozenset[str], ports_file: Path | None) -> None:
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    tree, drop = data_dir / "sftp", data_dir / "drop"
    for folder in (tree, drop):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    write_tree(systems, tree, faults)
    write_drop_folder(systems, drop, faults)
    login = _credentials(data_dir)
    host_key = asyncssh.import_private_key(login["host_key"])
    sftp = await start_sftp(tree, host_key, login["user"], login["password"])
    # asyncio turns Nagle's delay off only for sockets that say they are TCP
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    app = build_api(systems, login["user"], login["password"], faults)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
    connections = _connections(login, host_key, listener.getsockname()[1], sftp.get_port(), drop)
    announcement = json.dumps({"airflow_connections": connections, "drop_folder": str(drop)})
    if ports_file:
        ports_file.touch(mode=0o600)
        ports_file.write_text(announcement)
    print("ready", flush=True)
    await server.serve(sockets=[listener])
    sftp.close()


def _credentials(data_dir: Path) -> dict[str, str]:
    """Login and host key, made at first use: no secret stands in the code."""
    path = data_dir / "credentials.json"
    if not path.exists():
        path.touch(mode=0o600)
        key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
        path.write_text(json.dumps({"user": "wangjian", "password": secrets.token_urlsafe(24), "host_key": key}))
    found: dict[str, str] = json.loads(path.read_text())
    return found


def _connections(
    login: dict[str, str], host_key: asyncssh.SSHKey, http_port: int, sftp_port: int, drop: Path
) -> dict[str, str]:
    account: dict[str, Any] = {"host": "127.0.0.1", "login": login["user"], "password": login["password"]}
    connections: dict[str, dict[str, Any]] = {
        "WANGJIAN_FIVE_LEVEL": {"conn_type": "http", "schema": "http", "port": http_port, **account},
        "WANGJIAN_JIANGXI": {
            "conn_type": "sftp",
            "port": sftp_port,
            **account,
            "extra": {"host_key": _public(host_key)},
        },
        "WANGJIAN_THIRD_PARTY": {"conn_type": "fs", "extra": {"path": str(drop)}},
    }
    return {f"AIRFLOW_CONN_{name}": json.dumps(connection) for name, connection in connections.items()}


def _public(host_key: asyncssh.SSHKey) -> str:
    kind, key, *_ = host_key.export_public_key().decode().split()
    return f"{kind} {key}"


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(prog_name="python -m simulator", standalone_mode=False)
