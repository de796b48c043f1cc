"""The Jiangxi platform's connector against a real SFTP server: without faults, and with each fault."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from datetime import date

import asyncssh
import pytest

from simulator.serving import Served
from support.served import LAST, endpoint_of
from wangjian.core.errors import BadDelivery, NotReady, SourceRefused, SourceUnavailable
from wangjian.core.paths import DataRoot
from wangjian.ingestion.fetching.fetch import FetchReport
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing.parse import parse
from wangjian.ingestion.sources.registry import get_source

Run = Callable[..., FetchReport]
Serve = Callable[..., Served]
DAILY = get_source("jiangxi").daily


def statuses(landing: Landing) -> dict[tuple[str, str], int]:
    """Parse the landed files; return the number of files by status and reject code."""
    data = DataRoot(landing.root.parent)
    parse(get_source("jiangxi"), data)
    import pyarrow.parquet as pq

    files = [
        row for path in (data.raw / "_ledger" / "jiangxi").rglob("*.parquet") for row in pq.read_table(path).to_pylist()
    ]
    return Counter((row["status"], row["reject_code"] or "") for row in files)


def test_a_range_is_landed_once(serve: Serve, run: Run, landing: Landing) -> None:
    report = run(serve(), "jiangxi")
    assert {export.key.dataset for export in landing.exports()} >= {*DAILY, "platforms"}
    assert (run(serve(), "jiangxi").exports_new, report.failures) == (0, [])
    assert set(statuses(landing)) == {("parsed", ""), ("stored", "")}


def test_a_folder_without_ready_is_not_fetched(serve: Serve, run: Run, landing: Landing) -> None:
    with pytest.raises(NotReady, match=r"_READY.*2023-07-02"):
        run(serve("sftp_no_ready"), "jiangxi")
    assert max(export.key.business_date for export in landing.exports()) == date(2023, 7, 1)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("sftp_wrong_hash", "WRONG_HASH"),
        ("sftp_missing_ctl", "MISSING_CONTROL"),
        ("sftp_bad_encoding", "BAD_ENCODING"),
        ("sftp_missing_column", "MISSING_COLUMN"),
    ],
)
def test_a_bad_file_is_kept_and_rejected_as_a_whole(
    serve: Serve, run: Run, landing: Landing, fault: str, code: str
) -> None:
    run(serve(fault), "jiangxi")
    counts = statuses(landing)
    assert counts["rejected", code] > 0
    assert not [key for key in counts if key[0] == "rejected" and key[1] != code]


def test_an_unknown_column_is_kept_and_reported(serve: Serve, run: Run, landing: Landing) -> None:
    run(serve("sftp_extra_column"), "jiangxi")
    assert not [key for key in statuses(landing) if key[0] == "rejected"]


def test_a_wrong_password_is_refused_clearly(serve: Serve, run: Run) -> None:
    wrong = dataclasses.replace(endpoint_of(serve(), "jiangxi"), password="not-it")
    with pytest.raises(SourceRefused, match=r"login is refused.*check login"):
        run(serve(), "jiangxi", endpoint=wrong)


def test_another_host_key_is_refused(serve: Serve, run: Run, landing: Landing) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().rsplit(" ", 1)[0]
    wrong = dataclasses.replace(endpoint_of(serve(), "jiangxi"), extra={"host_key": other})
    with pytest.raises(SourceRefused, match="host key differs from the key in the connection"):
        run(serve(), "jiangxi", endpoint=wrong)
    none = dataclasses.replace(endpoint_of(serve(), "jiangxi"), extra={})
    with pytest.raises(SourceRefused, match="has no host key"):
        run(serve(), "jiangxi", endpoint=none)
    assert not list(landing.exports())


def test_a_server_that_does_not_answer_is_unavailable(serve: Serve, run: Run) -> None:
    nowhere = dataclasses.replace(endpoint_of(serve(), "jiangxi"), port=9)
    with pytest.raises(SourceUnavailable, match=r"no connection.*source=jiangxi"):
        run(serve(), "jiangxi", endpoint=nowhere)


def test_a_file_of_another_date_fails_alone(serve: Serve, run: Run, landing: Landing) -> None:
    server = serve("rate_limited")
    folder = server.tree / "export" / "20230701"
    stray = folder / "jx_cases_20230801_01.csv"
    stray.write_bytes(b"x")
    try:
        with pytest.raises(BadDelivery, match=r"another date.*jx_cases_20230801_01"):
            run(server, "jiangxi")
    finally:
        stray.unlink()
    assert {export.key.dataset for export in landing.exports()} >= set(DAILY), "the others are landed"


def test_a_sequence_that_was_sent_later_is_fetched_by_looking_back(serve: Serve, run: Run, landing: Landing) -> None:
    server = serve("http_down")
    run(server, "jiangxi")
    folder = server.tree / "export" / "20230630"
    for kind in ("csv", "ctl"):
        (folder / f"jx_leads_20230630_07.{kind}").write_bytes((folder / f"jx_leads_20230630_01.{kind}").read_bytes())
    report = run(server, "jiangxi", first=LAST, last=LAST, look_back=3)
    assert report.exports_new == 1
    assert max(export.key.version for export in landing.exports("jiangxi", "leads")) == 7


def test_a_file_that_changed_under_its_name_is_fetched_again(serve: Serve, run: Run, landing: Landing) -> None:
    server = serve("bad_login")
    run(server, "jiangxi")
    path = server.tree / "export" / "20230701" / "jx_leads_20230701_01.csv"
    path.write_bytes(path.read_bytes() + b"\r\n")
    report = run(server, "jiangxi", first=LAST, last=LAST, look_back=3)
    assert report.exports_new == 1, (
        "kept next to the other: the same version with another content is a conflict to settle"
    )
