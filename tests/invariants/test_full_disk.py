"""If a write fails because the disk is full or read-only, one clear error appears, readers see no change, and a second run succeeds.

The disks are real: a small file system that becomes full while a step writes, and folders mounted read-only.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from invariants.conftest import differences
from invariants.uninterrupted import (
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
from wangjian import publishing
from wangjian.core.paths import DataRoot
from wangjian.orchestration import pipeline


def _can() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        return may_mount(Path(folder)) and is_possible()


pytestmark = [
    pytest.mark.world("crash", minutes=7),
    pytest.mark.slow,
    pytest.mark.skipif(
        not _can(), reason="this process may not mount file systems or follow others: root on Linux may"
    ),
]


def command(*words: object) -> Step:
    """Return a call of the command line."""
    return Step("command", "\t".join(map(str, words)))


NO_SPACE, NO_RIGHT = "No space left on device", "Read-only file system"
RANGE = ("--from", MIDDLE, "--to", LAST)
BACKFILL = command("backfill", "--from", FIRST, "--to", LAST, "--mode", "reparse", "--reason", "proof", "--hold")


@dataclass(frozen=True)
class Case:
    """A command and the write errors that it meets, one after another.

    Attributes:
        before: the state before the command.
        full: the writes before which the disk becomes full: the n-th whose path matches, from 0.
        more: further writes for `PROOF=full` only, because they take long.
        read_only: the folders and files that are read-only.
    """

    step: Step
    before: str
    full: tuple[tuple[int, str], ...]
    more: tuple[tuple[int, str], ...] = ()
    read_only: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(self.step.source.split("\t")[:2])


CASES = (
    Case(
        command("ingest", "five_level", *RANGE),
        "ingest",
        full=(
            (0, "landing/objects"),
            (3, r"landing/objects/.*tmp"),
            (1, "landing/partial"),
            (0, "landing/manifests"),
        ),
        read_only=(".", "state", "landing/objects", "landing/partial", "landing/manifests"),
    ),
    Case(
        command("ingest", "jiangxi", *RANGE),
        "ingest",
        full=((5, "landing/objects"), (6, "landing/manifests")),
        read_only=("landing/objects",),
    ),
    Case(
        command("parse", "jiangxi"),
        "parse",
        full=((0, "raw/jiangxi"), (0, "raw/_ledger"), (0, "raw/_rejects")),
        read_only=(".", "raw", "raw/jiangxi", "raw/_ledger"),
    ),
    Case(command("parse", "five_level"), "parse", full=((3, r"raw/five_level/.*parquet"), (4, "raw/_ledger"))),
    Case(
        command("build"),
        "build",
        full=((30, "scratch/dbt-[0-9a-f]+/manifest"), (40, r"duckdb\.wal"), (0, "builds.jsonl")),
        more=((0, "raw/_waivers"), (9, r"warehouse\.duckdb$"), (0, "state/check_results"), (0, "warehouse.inputs")),
        read_only=(".", "state", "raw", "scratch"),
    ),
    Case(
        command("check"),
        "check",
        full=((200, "docs/"),),
        more=((0, "state/check_results"), (5, "docs/"), (0, r"docs/\.checks\."), (0, "checks.jsonl")),
        read_only=("state", "docs"),
    ),
    Case(
        command("publish"),
        "publish",
        full=(
            (0, "published/.building"),
            (30, r"published/\.building.*wal"),
            (12, r"published/\.building.*duckdb$"),
            (1, "state/kpis"),
            (0, "published/.warehouse.duckdb"),
        ),
        # The last write error comes when readers see the new file already: the next run records it.
        read_only=(".", "state/kpis", "published", "state/publications.jsonl"),
    ),
    Case(
        command("compact", "five_level"),
        "compact",
        full=((0, "raw/five_level"), (0, "raw/_ledger")),
        read_only=("state", "raw/_ledger"),
    ),
    # The first attempt that records its hold leaves it in force: no later one records another.
    Case(BACKFILL, "end", full=((0, "holds.jsonl"), (0, "run_log")), read_only=("raw",)),
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as found:
        yield found


def _refused(world: World, data: DataRoot, step: Step, words: str, stop: Stop | None = None) -> None:
    """Check that the command fails with one clear error and that readers see a complete publication."""
    before = fingerprint_shown(data) if publishing.current(data) else None
    outcome, said = world.crashes.run(data.root, step, stop)
    message = said.split("✘")[-1]
    assert outcome.exit_code == 1, (step, stop, said[-3000:], outcome.points)
    assert words in message and "→" in message and "run the same command again" in message, (step, stop, said[-3000:])
    assert "Traceback" not in said, (step, stop, said[-3000:])
    if before:
        seen, _ = world.crashes.run(data.root, command("sql", "select count(*) from marts.fct_lead"))
        assert seen.exit_code == 0
        assert fingerprint_shown(data) == before


def _is_as_uninterrupted(world: World, data: DataRoot, step: Step) -> None:
    name, *rest = step.source.split("\t")
    end = world.before("end")
    if name == "ingest":
        found, wanted = ({key for key in landing_of(root)[0] if f"'{rest[0]}'" in key} for root in (data, end))
        assert found == wanted and landing_of(data)[2] == []
    elif name in ("parse", "compact"):
        assert raw_of(data, rest[0]) == raw_of(end, rest[0])
    elif name == "build":
        assert differences(end, data, "fetched_at") == {}
    elif name == "publish":
        assert fingerprint_shown(data) == fingerprint_shown(end)
        assert pipeline.is_published(data)
    assert_nothing_is_left(data)


def _case(case: Case) -> ParameterSet:
    is_quick = str(case).split()[0] in ("ingest", "parse", "publish")
    return pytest.param(case, id=str(case), marks=pytest.mark.everyday if is_quick else ())


@pytest.mark.parametrize("case", [_case(case) for case in CASES])
def test_no_space_or_no_right_to_write(world: World, disk: Path, case: Case) -> None:
    data = world.fresh(case.before, disk / "data")
    for number, path in (*case.full, *(case.more if IS_FULL else ())):
        _refused(world, data, case.step, NO_SPACE, Stop(number, path, filling(disk)))
        give_space(disk)
    for folder in case.read_only:
        with read_only(data.root / folder):
            _refused(world, data, case.step, NO_RIGHT)
    outcome, said = world.crashes.run(data.root, case.step)
    assert outcome.exit_code == 0, said
    _is_as_uninterrupted(world, data, case.step)
