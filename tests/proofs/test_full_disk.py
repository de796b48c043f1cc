"""The disk fills up, or may not be written to, at any write: one clear error, readers see what they saw, and a plain second run mends it.

Real disks: a small file system that becomes full while a step writes, and folders mounted read-only.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofs.conftest import differences
from proofs.uninterrupted import (
    FIRST,
    IS_FULL,
    LAST,
    MIDDLE,
    World,
    assert_nothing_is_left,
    fingerprint_shown,
    landing_of,
    raw_of,
)
from support.crashing import Step, Stop
from support.disks import filling, give_space, may_mount, read_only, small_disk
from support.write_points import is_possible
from wangjian import pipeline, publishing
from wangjian.paths import DataRoot


def _can() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        return may_mount(Path(folder)) and is_possible()


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not _can(), reason="this process may not mount file systems or follow others: root on Linux may"
    ),
    pytest.mark.timeout(6 * 3600 if IS_FULL else 900),
]


def command(*words: object) -> Step:
    """A call of the command line."""
    return Step("command", "\t".join(map(str, words)))


RANGE = ("--from", MIDDLE, "--to", LAST)
BACKFILL = command("backfill", "--from", FIRST, "--to", LAST, "--mode", "rebuild", "--reason", "proof", "--hold")

# step, the state before it, and before which writes the disk becomes full, one after another: the n-th whose path matches
FULL: list[tuple[Step, str, list[tuple[int, str]]]] = [
    (
        command("ingest", "five_level", *RANGE),
        "ingest",
        [(0, "run_log"), (0, "landing/objects"), (3, r"landing/objects/.*tmp"), (1, "landing/partial"), (0, "landing/manifests")],
    ),
    (command("ingest", "jiangxi", *RANGE), "ingest", [(5, "landing/objects"), (6, "landing/manifests")]),
    (
        command("parse", "jiangxi"),
        "parse",
        [(0, "raw/jiangxi"), (0, "raw/_ledger"), (0, "raw/_rejects"), (1, "run_log")],
    ),
    (command("parse", "five_level"), "parse", [(3, r"raw/five_level/.*parquet"), (4, "raw/_ledger")]),
    (
        command("build"),
        "build",
        [
            (0, "raw/_waivers"),
            (30, "scratch/dbt/manifest"),
            (40, r"duckdb\.wal"),
            (9, r"warehouse\.duckdb$"),
            (0, "state/check_results"),
            (0, "builds.jsonl"),
            (0, "warehouse.inputs"),
        ],
    ),
    (command("check"), "check", [(0, "state/check_results"), (5, "docs/"), (200, "docs/"), (0, "docs/checks$"), (0, "checks.jsonl")]),
    (
        command("publish"),
        "publish",
        [
            (0, "published/.building"),
            (30, r"published/\.building.*wal"),
            (12, r"published/\.building.*duckdb$"),
            (1, "state/kpis"),
            (0, "published/.warehouse.duckdb"),
            (0, "publications.jsonl"),
            (0, "quarantine.jsonl"),
        ],
    ),
    (command("compact", "five_level"), "compact", [(0, "raw/five_level"), (0, "raw/_ledger")]),
    (BACKFILL, "end", [(0, "run_log"), (0, "holds.jsonl")]),
]  # fmt: skip

# which folder may not be written to
READ_ONLY: list[tuple[Step, str, tuple[str, ...]]] = [
    (
        command("ingest", "five_level", *RANGE),
        "ingest",
        (".", "state", "landing/objects", "landing/partial", "landing/manifests"),
    ),
    (command("parse", "jiangxi"), "parse", (".", "state", "raw", "raw/jiangxi", "raw/_ledger")),
    (command("build"), "build", (".", "state", "raw", "scratch")),
    (command("check"), "check", ("state", "docs")),
    (command("publish"), "publish", (".", "state", "published")),
    (command("compact", "five_level"), "compact", ("state", "raw/_ledger")),
]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as found:
        yield found


def _refused(world: World, data: DataRoot, step: Step, words: str, stop: Stop | None = None) -> None:
    """The command fails as a command should, and readers see what they saw."""
    before = fingerprint_shown(data) if publishing.current(data) else None
    outcome, said = world.crashes.run(data.root, step, stop)
    told = said.split("✘")[-1]
    assert outcome.exit_code == 1, (step, stop, said[-3000:])
    assert words in told and "→" in told and "run the same command again" in told, (step, stop, said[-3000:])
    assert "Traceback" not in said, (step, stop, said[-3000:])
    if before:
        seen, _ = world.crashes.run(data.root, command("sql", "select count(*) from marts.fct_lead"))
        assert seen.exit_code == 0
        assert fingerprint_shown(data) == before or (words == NO_SPACE and "publications" in str(stop))


NO_SPACE, READ_ONLY_TEXT = "No space left on device", "Read-only file system"


def _is_as_uninterrupted(world: World, data: DataRoot, step: Step) -> None:
    name, *rest = step.source.split("\t")
    end = world.before("end")
    if name == "ingest":
        assert {key for key in landing_of(data)[0] if f"'{rest[0]}'" in key} == {
            key for key in landing_of(end)[0] if f"'{rest[0]}'" in key
        }
        assert landing_of(data)[2] == []
    elif name in ("parse", "compact"):
        assert raw_of(data, rest[0]) == raw_of(end, rest[0])
    elif name == "build":
        assert differences(end, data, "fetched_at") == {}
    elif name == "publish":
        assert fingerprint_shown(data) == fingerprint_shown(end)
        assert pipeline.is_published(data)
    assert_nothing_is_left(data)


@pytest.mark.parametrize(("step", "before", "places"), FULL, ids=lambda value: str(value).replace("\t", " ")[:30])
def test_a_disk_that_fills_up(world: World, disk: Path, step: Step, before: str, places: list[tuple[int, str]]) -> None:
    data = world.fresh(before, disk / "data")
    for number, path in places:
        _refused(world, data, step, NO_SPACE, Stop(number, path, filling(disk)))
        give_space(disk)
    outcome, said = world.crashes.run(data.root, step)
    assert outcome.exit_code == 0, said
    _is_as_uninterrupted(world, data, step)


@pytest.mark.parametrize(("step", "before", "folders"), READ_ONLY, ids=lambda value: str(value).replace("\t", " ")[:30])
def test_a_folder_that_may_not_be_written_to(
    world: World, tmp_path: Path, step: Step, before: str, folders: tuple[str, ...]
) -> None:
    data = world.fresh(before, tmp_path / "data")
    for folder in folders:
        with read_only(data.root / folder):
            _refused(world, data, step, READ_ONLY_TEXT)
    outcome, said = world.crashes.run(data.root, step)
    assert outcome.exit_code == 0, said
    _is_as_uninterrupted(world, data, step)
