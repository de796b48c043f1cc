"""The five-level system's connector against a real server: without faults, and with each fault."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest

from simulator.servers.http_api import PAGE_CAP
from simulator.serving import Served
from simulator.systems import FIVE_LEVEL
from support.served import FIRST, LAST, endpoint_of
from wangjian.core.errors import BadArguments, BadDelivery, NotReady, SourceError, SourceRefused, SourceUnavailable
from wangjian.core.paths import DataRoot
from wangjian.ingestion.fetching.fetch import FetchReport
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing.parse import parse
from wangjian.ingestion.sources.registry import get_source

Run = Callable[..., FetchReport]
Serve = Callable[..., Served]
DAYS = (LAST - FIRST).days + 1


def pages_asked(server: Served, start: int) -> Counter[str]:
    return Counter(line for line in server.requests[start:] if "page=" in line)


def test_a_range_is_landed_once(serve: Serve, run: Run, landing: Landing) -> None:
    server = serve()
    report = run(server, "five_level")
    assert report.exports_new == len(FIVE_LEVEL) * DAYS
    roster = next(e for e in landing.exports("five_level", "storefronts") if e.key.business_date == date(2023, 7, 1))
    assert len(roster.files) > 2
    assert roster.files[0].delivered_at is not None
    before = len(server.requests)
    again = run(server, "five_level")
    assert (again.exports_new, again.exports_known) == (0, report.exports_new)
    assert not pages_asked(server, before), "landed pages are not requested again"


@pytest.mark.parametrize("fault", ["token_expiry_mid_export", "rate_limited", "server_error_503"])
def test_a_temporary_fault_is_retried(serve: Serve, run: Run, landing: Landing, fault: str) -> None:
    patient = get_source("five_level").retries.model_copy(update={"attempts": 12, "longest_wait_seconds": 0.02})
    report = run(serve(fault), "five_level", retries=patient)
    assert report.exports_new == len(FIVE_LEVEL) * DAYS
    plain = {e.export_id for e in landing.exports()}
    assert len(plain) == report.exports_new


def test_a_server_that_is_down_gives_one_clear_message(serve: Serve, run: Run) -> None:
    with pytest.raises(SourceUnavailable, match=r"the server answers 500.*source=five_level.*continues"):
        run(serve("http_down"), "five_level")


def test_a_server_that_does_not_answer_is_unavailable(serve: Serve, run: Run) -> None:
    nowhere = dataclasses.replace(endpoint_of(serve(), "five_level"), port=9)
    with pytest.raises(SourceUnavailable, match="no answer: ConnectError"):
        run(serve(), "five_level", endpoint=nowhere)


def test_a_refused_login_is_not_retried(serve: Serve, run: Run) -> None:
    server = serve("bad_login")
    with pytest.raises(SourceRefused, match=r"login is refused.*connection=wangjian_five_level"):
        run(server, "five_level")
    assert server.requests.count("POST /oauth/token") == 1


def test_no_message_contains_a_secret(serve: Serve, run: Run) -> None:
    endpoint = endpoint_of(serve("bad_login"), "five_level")
    with pytest.raises(SourceRefused) as caught:
        run(serve("bad_login"), "five_level")
    assert endpoint.password not in str(caught.value)
    assert endpoint.password not in repr(endpoint)


def test_pages_that_are_not_json_fail_only_their_export(serve: Serve, run: Run, landing: Landing) -> None:
    with pytest.raises(BadDelivery, match=r"a page is not JSON.*dataset|a page is not JSON") as caught:
        run(serve("page_not_json"), "five_level")
    assert "leads" in str(caught.value)
    landed = Counter(export.key.dataset for export in landing.exports())
    assert landed == {dataset: DAYS for dataset in FIVE_LEVEL if dataset != "leads"}


def test_an_export_with_a_wrong_total_is_fetched_twice_then_landed(serve: Serve, run: Run, landing: Landing) -> None:
    server = serve("total_mismatch")
    before = len(server.requests)
    run(server, "five_level")
    asked = {line: n for line, n in pages_asked(server, before).items() if "/leads?" in line}
    assert set(asked.values()) == {2}
    assert len(list(landing.exports("five_level", "leads"))) == DAYS


def test_an_export_that_changes_while_it_is_read_is_read_again(serve: Serve, run: Run, landing: Landing) -> None:
    run(serve("export_changes_midway"), "five_level", first=date(2023, 7, 1), last=date(2023, 7, 1))
    (roster,) = landing.exports("five_level", "storefronts")
    pages = [landing.read(file.sha256) for file in roster.files]
    assert {re.search(rb'"export_seq":(\d+)', page)[1] for page in pages} == {str(roster.key.version).encode()}  # type: ignore[index]


def test_a_day_that_is_not_generated_yet_is_not_ready(serve: Serve, run: Run, landing: Landing) -> None:
    with pytest.raises(NotReady, match="2023-07-02"):
        run(serve("not_ready"), "five_level")
    assert max(export.key.business_date for export in landing.exports()) == date(2023, 7, 1), "the others are there"


def test_plain_http_to_another_host_is_refused(serve: Serve, run: Run) -> None:
    abroad = dataclasses.replace(endpoint_of(serve(), "five_level"), host="192.0.2.1")
    with pytest.raises(BadArguments, match=r"plain HTTP is refused.*https"):
        run(serve(), "five_level", endpoint=abroad)


def test_an_interrupted_fetch_continues_where_it_stopped(serve: Serve, run: Run, landing: Landing) -> None:
    server = serve()
    day = {"first": date(2023, 7, 1), "last": date(2023, 7, 1)}
    one_by_one = get_source("five_level").http.model_copy(update={"parallel_exports": 1, "parallel_pages": 1})

    class Cut(Exception):
        pass

    noted, keys = landing.note_progress, []

    def cut_after_two(key: object, file: object) -> None:
        noted(key, file)  # type: ignore[arg-type]
        keys.append(key)
        if key.dataset == "storefronts" and len(landing.progress(key)) >= 2:  # type: ignore[attr-defined, arg-type]
            raise Cut

    landing.note_progress = cut_after_two  # type: ignore[method-assign]
    with pytest.raises(Cut):
        run(server, "five_level", http=one_by_one, **day)
    landing.note_progress = noted  # type: ignore[method-assign]
    kept = landing.progress(next(key for key in keys if key.dataset == "storefronts"))  # type: ignore[attr-defined, arg-type]
    assert not list(landing.exports("five_level", "storefronts")), "half an export is not landed"
    before = len(server.requests)
    run(server, "five_level", http=one_by_one, **day)
    asked = [line for line in pages_asked(server, before) if "/storefronts?" in line]
    (roster,) = landing.exports("five_level", "storefronts")
    assert 2 <= len(kept) < len(roster.files)
    assert len(asked) == 1 + len(roster.files) - len(kept), "the first page again, and those that are missing"
    assert not any("page=2&" in line for line in asked)


def test_an_endless_page_is_refused(serve: Serve, run: Run) -> None:
    small = get_source("five_level").http.model_copy(update={"max_page_bytes": 3000})
    with pytest.raises(SourceError, match="larger than 3000 bytes"):
        run(serve(), "five_level", http=small)


def test_the_server_caps_the_page_size(serve: Serve, run: Run, landing: Landing) -> None:
    run(serve(), "five_level", first=date(2023, 7, 1), last=date(2023, 7, 1))
    (roster,) = landing.exports("five_level", "storefronts")
    assert b'"page_size":%d' % PAGE_CAP in landing.read(roster.files[0].sha256)


def test_a_regenerated_export_is_fetched_by_looking_back(serve: Serve, run: Run, landing: Landing) -> None:
    run(serve(), "five_level", first=LAST, last=LAST, look_back=2)
    assert {export.key.business_date for export in landing.exports()} == {date(2023, 6, 30), date(2023, 7, 1), LAST}


def test_a_total_that_is_wrong_fails_its_date_but_loses_nothing(serve: Serve, run: Run, landing: Landing) -> None:
    run(serve("total_mismatch"), "five_level")
    data = DataRoot(landing.root.parent)
    report = parse(get_source("five_level"), data)
    assert report.rejected_files == 0
