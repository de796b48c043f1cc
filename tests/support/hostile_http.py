"""An HTTP server whose answers a test chooses, and which records all requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]
DAY = "2023-07-01"


class HostileServer:
    """A server that answers by path (without the query), and with 404 for all other paths.

    Attributes:
        answers: the answers by path; `*` is for all other paths.
        requests: `METHOD path?query` of every request.
        sent: the number of body bytes that the client accepted.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[str] = []
        self.sent = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def write(self, handler: BaseHTTPRequestHandler, piece: bytes) -> None:
        """Send a piece of a body, and add its size to `sent`."""
        handler.wfile.write(piece)
        self.sent += len(piece)

    def endless(self, piece: bytes, pause: threading.Event | None = None, **headers: str) -> Answer:
        """Return an answer with an endless body, until the client hangs up; with `pause`, one piece every 0.05 seconds."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            _head(handler, 200, headers)
            try:
                while not (pause and pause.wait(0.05)):
                    self.write(handler, piece)
            except OSError:
                pass

        return answer


def says(body: bytes | object, status: int = 200, **headers: str) -> Answer:
    """Return an answer with a body: bytes unchanged, everything else as JSON."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        _head(handler, status, {"content-length": str(len(content)), **headers})
        handler.wfile.write(content)

    return answer


def _head(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def listed(*exports: dict[str, Any]) -> Answer:
    """Return a list of exports; fields that are not given have valid values."""
    sound = {"dataset": "scans", "business_date": DAY, "mode": "delta", "export_seq": 1}
    return says({"exports": [sound | export for export in exports or ({},)]})


def page(**changes: Any) -> Answer:
    """Return the first page of a valid empty export, with some changed fields."""
    sound = {
        "dataset": "scans", "business_date": DAY, "mode": "delta", "export_seq": 1, "generated_at": f"{DAY}T23:00:00+08:00",
        "page": 1, "page_size": 5000, "total": 0, "records": [],
    }  # fmt: skip
    return says(sound | changes)


@contextmanager
def hostile_server() -> Iterator[HostileServer]:
    """Serve on loopback until the block ends. By default the server accepts every login and has one valid empty export."""
    hostile = HostileServer()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            hostile.requests.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("content-length") or 0))
            answer = hostile.answers.get(self.path.partition("?")[0]) or hostile.answers.get("*") or says({}, 404)
            answer(self)

        do_GET = do_POST = _serve  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        hostile.port = server.server_port
        hostile.answers = {
            "/oauth/token": says({"access_token": "t", "expires_in": 60}),
            "/api/v1/exports": listed(),
            "/api/v1/exports/scans": page(),
        }
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield hostile
        server.shutdown()
