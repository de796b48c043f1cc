"""The five-level system under an attacker's control: a real server that does anything a server can do to its client."""

from __future__ import annotations

import gzip
import json
import threading
import tracemalloc
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from invariants.attacks.conftest import IMPATIENT, Run
from support.hostile_http import DAY, HostileServer, listed, page, says
from wangjian.core.errors import BadDelivery, SourceError, SourceRefused, SourceUnavailable
from wangjian.core.paths import DataRoot
from wangjian.ingestion.fetching.connection import Endpoint
from wangjian.ingestion.fetching.fetch import FetchReport
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing.parse import parse
from wangjian.ingestion.sources.registry import get_source

SMALL = get_source("five_level").http.model_copy(update={"max_page_bytes": 2**20})
EXPORT = "/api/v1/exports/scans"


@pytest.fixture
def take(run: Run, attacker: HostileServer) -> Callable[..., FetchReport]:
    endpoint = Endpoint("wangjian_five_level", "127.0.0.1", attacker.port, "http", "wangjian", "secret-of-ours")
    return lambda **changes: run("five_level", endpoint, **changes)


def test_a_sound_export_is_landed(take: Callable[..., FetchReport]) -> None:
    assert take().exports_new == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [("/oauth/token", 307), ("/oauth/token", 308), ("/api/v1/exports", 301), (EXPORT, 302), (EXPORT, 303)],
)
def test_nobody_is_led_to_another_host(
    take: Callable[..., FetchReport], attacker: HostileServer, inside: HostileServer, path: str, status: int
) -> None:
    attacker.answers[path] = says({}, status, location=f"{inside.url}/latest/meta-data/")
    with pytest.raises(SourceRefused, match=str(status)):
        take()
    assert inside.requests == []


def test_no_address_in_the_data_is_ever_asked(
    take: Callable[..., FetchReport], attacker: HostileServer, inside: HostileServer, data: DataRoot
) -> None:
    """Links to next pages, token endpoints and links of products are text: no request goes to them."""
    there = f"{inside.url}/admin"
    leads = "link next url href product_url storefront_url token_endpoint"
    pointing = dict.fromkeys(leads.split(), there)
    attacker.answers["/oauth/token"] = says({"access_token": "t", "expires_in": 60, **pointing})
    attacker.answers["/api/v1/exports"] = says(
        {"exports": [{"dataset": "leads", "business_date": DAY, "mode": "delta", "export_seq": 1} | pointing]} | pointing,
        link=f'<{there}>; rel="next"', refresh=f"0; url={there}", content_location=there, alt_svc=f'h2="127.0.0.1:{inside.port}"',
    )  # fmt: skip
    record = {"lead_no": "L1", "url": there, "product_url": there, "description": f"see {there}"}
    attacker.answers["/api/v1/exports/leads"] = page(dataset="leads", total=1, records=[record], **pointing)
    assert take().exports_new == 1
    parse(get_source("five_level"), data)
    assert inside.requests == []


@pytest.mark.parametrize(
    "name",
    ["../../../../escaped", "/tmp/escaped", "leads/../../escaped", "..", "scans\x00", "scans\n\x1b[2Jall is well", "", 7, None, ["scans"]],
)  # fmt: skip
def test_a_dataset_that_no_contract_knows_is_reported_and_skipped(
    take: Callable[..., FetchReport], attacker: HostileServer, landing: Landing, tmp_path: Path, name: object
) -> None:
    attacker.answers["/api/v1/exports"] = listed({"dataset": name}, {})
    attacker.answers["*"] = page(dataset=name)
    report = take()
    assert report.exports_new == 1
    assert len(report.warnings) == 1 and report.warnings[0].isprintable(), report.warnings
    assert {path.parent.parent.name for path in tmp_path.rglob("*.jsonl")} == {"scans"}
    assert [export.key.dataset for export in landing.exports()] == ["scans"]


def _fails(name: str, changes: dict[str, object]) -> object:
    return pytest.param(changes, id=name)


@pytest.mark.parametrize(
    "changes",
    [
        _fails("a thousand million million pages", {"total": 10**15, "page_size": 1}),
        _fails("pages of no rows", {"page_size": 0, "total": 5}),
        _fails("pages of less than no rows", {"page_size": -1, "total": 5}),
        _fails("pages larger than asked for", {"page_size": 10**9, "total": 5}),
        _fails("less than nothing", {"total": -1}),
        _fails("an unknown mode", {"mode": "replace"}),
        _fails("a mode that is no text", {"mode": {"a": 1}}),
        _fails("no number", {"export_seq": "../1"}),
        _fails("a number below nought", {"export_seq": -1}),
        _fails("records that are none", {"records": 7}),
        _fails("records that are text", {"records": "x" * 100}),
        _fails("no moment", {"generated_at": ["2023"]}),
    ],
)
def test_an_impossible_page_stops_only_its_own_export(
    take: Callable[..., FetchReport], attacker: HostileServer, landing: Landing, changes: dict[str, object]
) -> None:
    attacker.answers["/api/v1/exports"] = listed({}, {"dataset": "leads"})
    attacker.answers["/api/v1/exports/leads"] = page(dataset="leads", **changes)
    with pytest.raises(BadDelivery, match="leads"):
        take()
    assert [export.key.dataset for export in landing.exports()] == ["scans"]
    assert len(attacker.requests) < 12


@pytest.mark.parametrize("path", ["/oauth/token", "/api/v1/exports", EXPORT])
def test_a_body_without_end_is_cut_off(take: Callable[..., FetchReport], attacker: HostileServer, path: str) -> None:
    attacker.answers[path] = attacker.endless(b" " * 2**16)
    with pytest.raises(SourceError, match=r"larger than 1048576 bytes"):
        take(http=SMALL)
    # The network's buffers hold bytes that were sent and never read.
    assert attacker.sent < 2 * (SMALL.max_page_bytes + 8 * 2**20)


def test_a_body_that_drips_without_end_is_cut_off(take: Callable[..., FetchReport], attacker: HostileServer) -> None:
    over = threading.Event()
    attacker.answers[EXPORT] = attacker.endless(b" ", over)
    try:
        with pytest.raises(SourceUnavailable, match=r"has not ended after 0.2 seconds"):
            take(retries=IMPATIENT.model_copy(update={"answer_seconds": 0.2}))
    finally:
        over.set()


def _bomb(layers: int) -> bytes:
    content = b" " * (64 * 2**20)
    for _ in range(layers):
        content = gzip.compress(content, 6)
    return content


@pytest.mark.parametrize(
    ("layers", "encoding", "message"),
    [(1, "gzip", "larger than 1048576 bytes"), (2, "gzip, gzip", "encoded as"), (1, "deflate", "encoded as"), (1, "br", "encoded as")],
)  # fmt: skip
def test_what_unpacks_to_far_more_takes_no_memory(
    take: Callable[..., FetchReport], attacker: HostileServer, layers: int, encoding: str, message: str
) -> None:
    attacker.answers[EXPORT] = says(_bomb(layers), content_encoding=encoding)
    tracemalloc.start()
    try:
        with pytest.raises(BadDelivery, match=message):
            take(http=SMALL)
        assert tracemalloc.get_traced_memory()[1] < 12 * 2**20
    finally:
        tracemalloc.stop()


def test_a_compressed_page_is_landed_uncompressed(
    take: Callable[..., FetchReport], attacker: HostileServer, landing: Landing
) -> None:
    plain: list[bytes] = []

    def packed(handler: BaseHTTPRequestHandler) -> None:
        sound = {
            "dataset": "scans",
            "business_date": DAY,
            "mode": "delta",
            "export_seq": 1,
            "page": 1,
            "page_size": 5000,
        }
        plain.append(json.dumps(sound | {"generated_at": f"{DAY}T23:00:00+08:00", "total": 0, "records": []}).encode())
        says(gzip.compress(plain[0]), content_encoding="gzip")(handler)

    attacker.answers[EXPORT] = packed
    assert take().exports_new == 1
    (export,) = landing.exports()
    assert landing.read(export.files[0].sha256) == plain[0]


def test_damaged_compressed_bytes_are_refused(take: Callable[..., FetchReport], attacker: HostileServer) -> None:
    attacker.answers[EXPORT] = says(gzip.compress(b"{}" * 100)[:-20], content_encoding="gzip")
    with pytest.raises(SourceError, match="damaged"):
        take()


def test_headers_without_end_are_cut_off(take: Callable[..., FetchReport], attacker: HostileServer) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        try:
            while True:
                attacker.write(handler, b"x-more: " + b"y" * 1000 + b"\r\n")
        except OSError:
            pass

    attacker.answers[EXPORT] = answer
    with pytest.raises(SourceUnavailable, match="no answer"):
        take()
    assert attacker.sent < 32 * 2**20


@pytest.mark.parametrize(
    "body",
    [b"no json", {}, [], {"access_token": 7}, {"access_token": "x\r\nHost: inside"}, {"access_token": "\x1b[2J"}, {"access_token": "钥"}],
)  # fmt: skip
def test_an_invalid_token_is_refused_and_not_shown(
    take: Callable[..., FetchReport], attacker: HostileServer, body: object
) -> None:
    attacker.answers["/oauth/token"] = says(body)
    with pytest.raises(SourceError, match="no usable token") as caught:
        take()
    assert "inside" not in str(caught.value) and "secret-of-ours" not in str(caught.value)
    assert str(caught.value).isprintable()
    assert not any(line.startswith("GET") for line in attacker.requests)


@pytest.mark.parametrize("after", ["99999999999999999999", "²", "-1", "nan", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_server_that_says_wait_for_ever_is_not_obeyed(
    take: Callable[..., FetchReport], attacker: HostileServer, after: str
) -> None:
    attacker.answers[EXPORT] = says({}, 503, retry_after=after.encode().decode("latin-1"))
    with pytest.raises(SourceUnavailable, match="503"):
        take()


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, {"exports": "x"}, {"exports": [1]}, {"exports": {"a": 1}}, {"exports": None}, [], b"\xff"]
)
def test_an_invalid_list_is_refused(take: Callable[..., FetchReport], attacker: HostileServer, body: object) -> None:
    attacker.answers["/api/v1/exports"] = says(body)
    with pytest.raises(BadDelivery, match="the list of exports cannot be read"):
        take()
