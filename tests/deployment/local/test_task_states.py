"""The API returns its entries page by page, and `task_states` reads every page."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from wangjian.deployment.local import airflow as af

pytestmark = pytest.mark.world("local", minutes=2)

COUNT = 2 * af.PAGE + 7


class _Api(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        first, most = int(asked["offset"][0]), min(int(asked["limit"][0]), 100)
        found = [{"id": number} for number in range(COUNT)][first : first + most]
        body = json.dumps({"task_instances": found, "total_entries": COUNT}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}") as found:
        yield found
    server.shutdown()
    server.server_close()


def test_every_page_is_read(client: httpx.Client) -> None:
    found = af.task_states(client, datetime(2023, 1, 1, tzinfo=UTC))
    assert [task["id"] for task in found] == list(range(COUNT))
