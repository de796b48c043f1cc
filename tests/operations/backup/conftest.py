"""A small data root with one file of each kind that a backup holds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.landed import land, penalties
from support.small_warehouse import BuildAgain, build, data, labels
from wangjian import publishing
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing.keyed_hash import load_key
from wangjian.state import CheckResult, append_check_results, record_run
from wangjian.state.audit_log import Access, record_access

__all__ = ["build", "data", "labels"]

Publish = Callable[..., str]


@pytest.fixture(autouse=True)
def filled(data: DataRoot, publish: Publish) -> None:
    """Return a data root with two exports, two publications, a key and lines in the logs."""
    for number in (1, 2):
        export(data, f"2023-01-0{number}")
    load_key(data.state)
    record_access(data, Access(action="EXPORTED", table_name="marts.fct_case", row_count=1))
    append_check_results(
        data,
        "20230101T000000.000000Z-00000000",
        [CheckResult(run_id="r", check_kind="gx", table_name="t", rule="r", severity="warning", passed=True)],
    )
    with record_run(data, "ingest", source="jiangxi"):
        pass
    for rows in (3, 4):
        publish(rows)
    (data.docs / "bulletins" / "2023-01").mkdir(parents=True)
    (data.docs / "bulletins" / "2023-01" / "bulletin.docx").write_bytes(b"as issued")


@pytest.fixture
def publish(data: DataRoot, build: BuildAgain, labels: Path) -> Publish:
    """Return a function that publishes a number of rows; it returns the publication's identifier."""

    def publish_again(rows: int, keep: int = 5) -> str:
        build(rows=rows)
        return publishing.publish(data, keep=keep, labels=labels).publication.publication_id

    return publish_again


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder for backups."""
    return tmp_path / "disk" / "backup"


@pytest.fixture
def safe(tmp_path: Path) -> Path:
    """Return the folder for the copy of the key."""
    return tmp_path / "safe"


def export(data: DataRoot, day: str) -> None:
    land(data, "jiangxi", "case_penalties", day, penalties(f"赣市监立〔2023〕{day[-1]}号,1,1,罚款,1000.00,,,"))


def contents(data: DataRoot) -> dict[str, bytes]:
    """Return every file that a backup holds, by path."""
    places = (data.landing, data.state, data.published, data.docs)
    files = (path for place in places for path in place.rglob("*") if path.is_file() and not path.is_symlink())
    apart = (data.state / "keys", data.state / "locks")
    kept = (path for path in files if not any(path.is_relative_to(place) for place in apart))
    return {path.relative_to(data.root).as_posix(): path.read_bytes() for path in kept}


def destroy(data: DataRoot) -> None:
    """Remove the data root."""
    shutil.rmtree(data.root)
