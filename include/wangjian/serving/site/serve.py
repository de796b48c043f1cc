"""Serve the site and the reports next to it over HTTP, for this machine only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from wangjian.core.errors import BadArguments


class _Handler(SimpleHTTPRequestHandler):
    """Serves files but lists no folder: a file that no page links is not meant for readers."""

    def list_directory(self, path: str | object) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Log nothing: a line for each request would bury the address in the terminal."""


def serve_folder(folder: Path, port: int, started: Callable[[str], None]) -> None:
    """Serve a folder on 127.0.0.1 until the process is interrupted.

    Args:
        folder: the folder to serve.
        port: the port; 0 for any free one.
        started: called with the address once the server listens.

    Raises:
        BadArguments: the port is taken.
    """
    try:
        # this machine only: the built-in server knows no logins
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, directory=str(folder)))
    except OSError as error:
        raise BadArguments(
            f"cannot serve on this port: {error}", port=port, fix="choose another port, or 0 for any"
        ) from None
    with server, suppress(KeyboardInterrupt):
        started(f"http://127.0.0.1:{server.server_port}/")
        server.serve_forever()
