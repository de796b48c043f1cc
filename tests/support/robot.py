"""A chat robot that stores the messages that are posted to it."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

ANSWERS = {"/refuse": {"errcode": 93000, "errmsg": "invalid webhook url"}}


@contextmanager
def running(server: socketserver.BaseServer) -> Iterator[int]:
    """Serve in a thread until the block ends; yield the port."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


class Robot(BaseHTTPRequestHandler):
    """A handler that stores posted messages, and answers as chat robots do."""

    taken: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        self.taken.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        path = self.path.partition("?")[0]
        body = json.dumps(ANSWERS.get(path, {"errcode": 0, "errmsg": "ok"})).encode()
        self.send_response(500 if path == "/broken" else 200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Callable[[str, str], str]]:
        """Serve; yield a function that returns the Airflow connection, as JSON, for a message shape and a path."""
        cls.taken.clear()
        with running(HTTPServer(("127.0.0.1", 0), cls)) as port:
            yield lambda shape, path: json.dumps(
                {
                    "conn_type": "http",
                    "schema": "http",
                    "host": "127.0.0.1",
                    "port": port,
                    "extra": {"path": path, "shape": shape},
                }
            )
