"""The Jiangxi platform's server under an attacker's control: a real SFTP server with the known key that gives false answers."""

from __future__ import annotations

import itertools
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from invariants.attacks.conftest import IMPATIENT, Run
from support.hostile_http import DAY
from support.hostile_sftp import HostileSftp, hostile_sftp, names
from wangjian.core.errors import BadDelivery, SourceUnavailable
from wangjian.ingestion.fetching import sftp_export
from wangjian.ingestion.fetching.fetch import FetchReport
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.registry import get_source

FOLDER = f"/export/{DAY.replace('-', '')}"
NAME = f"jx_cases_{DAY.replace('-', '')}_01"
OPTIONS = get_source("jiangxi").sftp
Take = Callable[..., FetchReport]


@pytest.fixture
def attacker() -> Iterator[HostileSftp]:
    with hostile_sftp() as found:
        found.folders = {"/export": names(FOLDER[-8:]), FOLDER: names("_READY", (f"{NAME}.csv", 3))}
        found.read = lambda path, offset, size: b"abc"[offset : offset + size]
        yield found


@pytest.fixture
def take(run: Run, attacker: HostileSftp) -> Take:
    return lambda **changes: run("jiangxi", attacker.endpoint, **changes)


def parts(landing: Landing) -> dict[str, int]:
    return {file.part: file.byte_size for export in landing.exports() for file in export.files}


def test_a_sound_folder_is_landed(take: Take, landing: Landing) -> None:
    assert take().exports_new == 1
    assert parts(landing) == {f"{NAME}.csv": 3}


def _endless() -> Iterator[tuple[bytes, int]]:
    return ((b"%d" % number, 0) for number in itertools.count())


@pytest.mark.parametrize("folder", ["/export", FOLDER])
def test_a_list_without_end_is_cut_off(take: Take, attacker: HostileSftp, folder: str) -> None:
    attacker.folders[folder] = _endless
    with pytest.raises(BadDelivery, match=r"has more than 500 files.*max_entries"):
        take(sftp=OPTIONS.model_copy(update={"max_entries": 500}))
    assert attacker.listed < 2000


def test_the_same_name_without_end_is_cut_off(take: Take, attacker: HostileSftp) -> None:
    attacker.folders[FOLDER] = lambda: itertools.repeat((b"_READY", 0))
    with pytest.raises(BadDelivery, match="has more than 500 files"):
        take(sftp=OPTIONS.model_copy(update={"max_entries": 500}))


def test_a_server_that_never_answers_is_given_up(take: Take, attacker: HostileSftp) -> None:
    def silent(path: str, offset: int, size: int) -> bytes:
        time.sleep(1)
        return b""

    attacker.read = silent
    with pytest.raises(SourceUnavailable, match="was interrupted: TimeoutError"):
        take(retries=IMPATIENT.model_copy(update={"timeout_seconds": 0.3}))


def test_a_file_is_read_as_far_as_it_was_listed(take: Take, attacker: HostileSftp, landing: Landing) -> None:
    """The server lists three bytes and would send bytes for ever."""
    attacker.read = lambda path, offset, size: b"x" * min(size, 2**20)
    take()
    assert parts(landing) == {f"{NAME}.csv": 3}


def test_a_file_that_claims_to_be_huge_is_not_opened(take: Take, attacker: HostileSftp) -> None:
    attacker.folders[FOLDER] = names("_READY", (f"{NAME}.csv", 2**60))
    with pytest.raises(BadDelivery, match=r"larger than 1073741824 bytes"):
        take()
    assert attacker.opened == []


def test_large_files_are_in_memory_one_by_one(
    take: Take, attacker: HostileSftp, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 4 * 2**20
    monkeypatch.setattr(sftp_export, "LARGE", size - 1)
    files = [(f"{NAME[:-2]}{number:02d}.csv", size) for number in range(1, 9)]
    attacker.folders[FOLDER] = names("_READY", *files)
    block = b"x" * 2**20
    attacker.read = lambda path, offset, wanted: block[: min(wanted, size - offset)]
    tracemalloc.start()
    try:
        take()
        # The buffer, its copy, and the buffers of both ends of the connection.
        assert tracemalloc.get_traced_memory()[1] < 6 * size
    finally:
        tracemalloc.stop()
    assert len(parts(landing)) == 8


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/passwd", f"../{NAME}.csv", f"/{NAME}.csv", f"{NAME}.csv\n", f"{NAME}.csv\x00.ctl", f"{NAME}.csv/../x",
        f"{NAME}\x1b[2J.csv", f"jx_..%2f_{FOLDER[-8:]}_01.csv", f"jx_unknown_{FOLDER[-8:]}_01.csv", b"\xd0\xc2\xbd\xa8.csv",
        f"jx_cases'; drop table x; --_{FOLDER[-8:]}_01.csv", "a\n2023-07-01 all is well", "{{ 7*7 }}.csv", "x" * 60_000,
    ],
)  # fmt: skip
def test_a_name_that_the_contract_does_not_know_is_reported_and_skipped(
    take: Take, attacker: HostileSftp, landing: Landing, name: str | bytes
) -> None:
    attacker.folders[FOLDER] = names("_READY", (f"{NAME}.csv", 3), name)
    (warning,) = take().warnings
    assert warning.isprintable() and "the contract has no dataset with such a file name" in warning
    assert attacker.opened == [f"{FOLDER}/{NAME}.csv"]
    assert parts(landing) == {f"{NAME}.csv": 3}


@pytest.mark.parametrize(
    "name", ["..", ".", "../20230701", "20230701/../..", "2023070", "20230732", "20230701\n", b"\xff\xff"]
)
def test_a_folder_that_is_no_date_is_not_entered(take: Take, attacker: HostileSftp, name: str | bytes) -> None:
    attacker.folders["/export"] = names(name)
    assert take().exports_new == 0
    assert attacker.opened == []
