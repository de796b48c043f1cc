"""The drop folder of a provider that delivers anything a file system can hold."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from invariants.attacks.conftest import Run
from support.hostile_http import DAY
from wangjian.core.errors import BadDelivery
from wangjian.ingestion.fetching.connection import Endpoint
from wangjian.ingestion.fetching.drop_folder import deliveries
from wangjian.ingestion.fetching.fetch import FetchReport
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.registry import get_source

Take = Callable[..., FetchReport]
SMALL = get_source("third_party").drop.model_copy(update={"max_file_bytes": 1000})


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """Return a drop folder with one sound delivery, and a secret outside of it."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.png").write_bytes(b"CANARY")
    evidence = tmp_path / "drop" / "tp_b" / f"special-{DAY.replace('-', '')}-T1" / "evidence"
    evidence.mkdir(parents=True)
    (evidence / "sound.png").write_bytes(b"sound")
    (evidence.parent / "DONE").write_text(f"{DAY}T10:00:00+08:00\n")
    return evidence.parent


@pytest.fixture
def take(run: Run, drop: Path) -> Take:
    endpoint = Endpoint("wangjian_third_party", extra={"path": str(drop.parent.parent)})
    return lambda **changes: run("third_party", endpoint, **changes)


def names(landing: Landing) -> set[str]:
    return {file.part for export in landing.exports() for file in export.files}


def bytes_landed(landing: Landing) -> bytes:
    return b"".join(path.read_bytes() for path in landing.root.rglob("*") if path.is_file())


def test_a_sound_delivery_is_landed(take: Take, landing: Landing) -> None:
    take()
    assert names(landing) == {"DONE", "sound.png"}


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        # The path of a socket must be short.
        os.chdir(path.parent)
        try:
            listener.bind(path.name)
        finally:
            os.chdir(here)


def _device(path: Path) -> None:
    try:
        os.mknod(path, 0o666 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices; nobody else can plant one")


def _link_to_a_file(path: Path) -> None:
    path.symlink_to(path.parents[4] / "secret" / "key.png")


def _link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("make", [_fifo, _socket, _device, _link_to_a_file, _link_to_a_device, _link_to_itself])
@pytest.mark.parametrize("name", ["evidence/zz.png", f"clues_{DAY.replace('-', '')}.csv", "DONE"])
def test_only_plain_files_are_read(
    take: Take, drop: Path, landing: Landing, make: Callable[[Path], None], name: str
) -> None:
    """A FIFO would block the fetch for ever, `/dev/zero` would fill the disk, and a link could lead to a secret."""
    path = drop / name
    path.unlink(missing_ok=True)
    # `parents[4]` of what lies at the top of the delivery
    make(path if "/" in name else path.parent / "evidence" / ".." / path.name)
    said = ""
    try:
        said = " ".join(take().warnings)
    except BadDelivery as error:
        said = str(error)
    assert name in said or name == "DONE", said
    assert b"CANARY" not in bytes_landed(landing)
    assert names(landing) <= {"sound.png", "DONE"}


@pytest.mark.parametrize("place", ["evidence/inner", "evidence", "../2023-07", "../../tp_a"])
def test_no_folder_is_entered_through_a_link(take: Take, drop: Path, landing: Landing, place: str) -> None:
    path = drop / place
    if path.exists():
        (path / "sound.png").unlink()
        path.rmdir()
    path.symlink_to(drop.parents[2] / "secret", target_is_directory=True)
    (drop.parents[2] / "secret" / "DONE").write_text("2023-07-31T10:00:00+08:00\n")
    take()
    assert b"CANARY" not in bytes_landed(landing)


NAMES = {
    "a line break": "a\n2023-07-01 all is well.png",
    "a carriage return": "a\rb.png",
    "an escape sequence": "a\x1b[2J\x1b[31mroot#.png",
    "a separator of lines": "a\u2028b.png",
    "a next line": "a\x85b.png",
    "a separator of files": "a\x1cb.png",
    "turned writing": "a\u202egnp.exe",
    "quotes": "a'; drop table x; --\".png",
    "markup": "<script>alert(1)<|script>.png",
    "a template": "{{ 7*7 }}{% raw %}.png",
    "a formula": "=cmd|' -C calc'!A0.png",
    "a shell": "$(touch x)`touch x`;&.png",
    "an option": "--help.png",
    "a hidden one": ".png",
    "very long": "长" * 80 + ".png",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_is_kept_as_it_is_and_breaks_nothing(take: Take, drop: Path, landing: Landing, name: str) -> None:
    (drop / "evidence" / name).write_bytes(b"1")
    (drop / name).write_bytes(b"1")
    report = take()
    assert names(landing) == {"DONE", "sound.png", name}
    # The log names the skipped file, in one line.
    (warning,) = report.warnings
    assert "\n" not in warning and "\x1b" not in warning and "\u202e" not in warning
    assert take().exports_new == 0, "every manifest can still be read"


def test_a_name_that_is_not_text_is_reported_and_skipped(take: Take, drop: Path, landing: Landing) -> None:
    for folder in (drop, drop / "evidence"):
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.png")).write_bytes(b"1")
    report = take()
    assert names(landing) == {"DONE", "sound.png"}
    assert len(report.warnings) == 2 and all("udcff" in warning for warning in report.warnings)


def test_a_file_that_grows_while_it_is_read_is_cut_off(
    take: Take, drop: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is small when it is listed; then another process writes to it faster than the connector reads."""
    path = drop / "evidence" / "growing.png"
    path.write_bytes(b"1" * 500)
    put = landing.put

    def grow(chunks: Iterator[bytes], expected: str | None = None) -> object:
        with path.open("ab") as file:
            file.write(b"2" * 5000)
        return put(chunks, expected)

    monkeypatch.setattr(landing, "put", grow)
    with pytest.raises(BadDelivery, match=r"larger than 1000 bytes.*growing.png"):
        take(drop=SMALL)
    assert b"22" not in bytes_landed(landing)


def test_a_file_that_only_looks_large_is_refused(take: Take, drop: Path, landing: Landing) -> None:
    """A sparse file of a terabyte takes no room on the provider's disk and would fill the disk of the warehouse."""
    path = drop / "evidence" / "sparse.png"
    path.touch()
    os.truncate(path, 2**40)
    with pytest.raises(BadDelivery, match=r"larger than \d+ bytes.*sparse"):
        take()
    assert sum(file.stat().st_size for file in landing.root.rglob("*") if file.is_file()) < 10_000


def test_nested_folders_are_walked_to_a_limit(take: Take, drop: Path, landing: Landing) -> None:
    inner = drop / "evidence" / "/".join("d" * 40)
    inner.mkdir(parents=True)
    (inner / "deep.png").write_bytes(b"1")
    (drop / "evidence" / "d" / "near.png").write_bytes(b"1")
    (warning,) = take().warnings
    assert "more than 8 folders deep" in warning
    assert names(landing) == {"DONE", "sound.png", "d/near.png"}


@pytest.mark.parametrize(
    "name", ["special-20230701-../..", "special-20230701-", "special-99999999-T", "2023-13", "..", "２０２３-0７"]
)
def test_a_delivery_of_another_name_is_skipped(drop: Path, name: str) -> None:
    if "/" not in name and name != "..":
        (drop.parent / name).mkdir()
        (drop.parent / name / "DONE").touch()
    report = FetchReport("third_party")
    found = list(deliveries(drop.parents[1], report))
    assert [delivery.folder for delivery in found] == [drop]
    assert len(report.warnings) == ("/" not in name and name != "..")
