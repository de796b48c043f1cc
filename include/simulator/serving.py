"""Serve one world over HTTP, SFTP and a drop folder: on 127.0.0.1 with free ports, or on a network with TLS."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import uvicorn

from simulator.faults import NONE, Faults
from simulator.servers.certificate import certificate_files
from simulator.servers.drop_folder import write_drop_folder
from simulator.servers.http_api import build_api
from simulator.servers.sftp_tree import start_sftp, write_tree
from simulator.systems import Systems

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """The address to listen on; for a port of 0 the system picks a free one.

    Attributes:
        host: this machine's name for its clients. With any name except the loopback address the servers listen on all interfaces, over HTTPS.
    """

    host: str = LOOPBACK
    http_port: int = 0
    sftp_port: int = 0

    @property
    def is_local(self) -> bool:
        return self.host == LOOPBACK

    @property
    def interface(self) -> str:
        return LOOPBACK if self.is_local else "0.0.0.0"  # noqa: S104


HERE = Address()


@dataclass(frozen=True)
class Served:
    """The addresses of the running systems.

    Attributes:
        connections: the Airflow connections as environment variables, with their secrets.
        tree: the folder that the SFTP server shows.
        drop: the drop folder.
        requests: one line for each HTTP request so far, `GET /path?query`.
    """

    connections: dict[str, str]
    tree: Path
    drop: Path
    requests: list[str]


@asynccontextmanager
async def serving(systems: Systems, folder: Path, faults: Faults, at: Address = HERE) -> AsyncIterator[Served]:
    """Serve the systems until the block ends.

    Args:
        systems: the world and its exports.
        folder: the folder for keys and served files; the files of an earlier run are replaced.
        faults: the faults that are switched on.
        at: the address to listen on.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    tree, drop = _fresh(folder / "sftp"), _fresh(folder / "drop")
    write_tree(systems, tree, faults)
    write_drop_folder(systems, drop, faults)
    login = _credentials(folder)
    host_key = asyncssh.import_private_key(login["host_key"])
    sftp = await start_sftp(tree, host_key, login["user"], login["password"], at.interface, at.sftp_port)
    listener, requests = _listener(at), list[str]()
    app = build_api(systems, login["user"], login["password"], faults, requests)
    certificate, key = (None, None) if at.is_local else certificate_files(folder, at.host)
    config = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=2, ssl_certfile=certificate, ssl_keyfile=key
    )
    server = _Server(config)
    bound = Address(at.host, listener.getsockname()[1], sftp.get_port())
    connections = _connections(login, host_key, bound, drop)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield Served(connections, tree, drop, requests)
    finally:
        server.should_exit = True
        await running
        sftp.close()


@contextmanager
def served(systems: Systems, folder: Path, faults: Faults = NONE) -> Iterator[Served]:
    """Serve the systems in a thread until the block ends, for callers that are not asynchronous."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    context = serving(systems, folder, faults)
    try:
        yield asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(120)
    finally:
        asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


class _Server(uvicorn.Server):
    """A server that installs no signal handlers: the program around it handles signals."""

    def install_signal_handlers(self) -> None: ...

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _listener(at: Address) -> socket.socket:
    # asyncio turns Nagle's delay off only for sockets whose protocol is set to TCP
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # without this option a restarted simulator could not use its old port for a while
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((at.interface, at.http_port))
    listener.listen()
    return listener


def _credentials(folder: Path) -> dict[str, str]:
    """Return login and host key; make them at the first use, so that no secret is in the code."""
    path = folder / "credentials.json"
    if not path.exists():
        path.touch(mode=0o600)
        key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
        path.write_text(json.dumps({"user": "wangjian", "password": secrets.token_urlsafe(24), "host_key": key}))
    secrets_of_folder: dict[str, str] = json.loads(path.read_text())
    return secrets_of_folder


def _connections(login: dict[str, str], host_key: asyncssh.SSHKey, at: Address, drop: Path) -> dict[str, str]:
    account: dict[str, Any] = {"host": at.host, "login": login["user"], "password": login["password"]}
    scheme = "http" if at.is_local else "https"
    connections: dict[str, dict[str, Any]] = {
        "WANGJIAN_FIVE_LEVEL": {"conn_type": "http", "schema": scheme, "port": at.http_port, **account},
        "WANGJIAN_JIANGXI": {
            "conn_type": "sftp",
            "port": at.sftp_port,
            **account,
            "extra": {"host_key": _public(host_key)},
        },
        "WANGJIAN_THIRD_PARTY": {"conn_type": "fs", "extra": {"path": str(drop)}},
    }
    return {f"AIRFLOW_CONN_{name}": json.dumps(connection) for name, connection in connections.items()}


def _public(host_key: asyncssh.SSHKey) -> str:
    kind, key, *_ = host_key.export_public_key().decode().split()
    return f"{kind} {key}"
