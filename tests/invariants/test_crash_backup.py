"""After a kill of a backup or a restore at any write, the earlier backups are complete, and the same command finishes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from invariants.uninterrupted import IS_FULL, World
from support.crashing import Step, Stop
from support.write_points import is_possible
from wangjian import publishing
from wangjian.core.paths import DataRoot
from wangjian.operations.backup import BackupFolder, verify

pytestmark = [
    pytest.mark.world("crash", minutes=7),
    pytest.mark.slow,
    pytest.mark.everyday,
    pytest.mark.skipif(
        not is_possible(), reason="this machine lets no process be followed (ptrace, seccomp): Linux can"
    ),
]


NEW_OBJECTS = 6
"""What a second backup has that the first has not: the new manifest, and what the runs since have written to `state/`."""


def command(*arguments: object) -> Step:
    return Step("command", "\t".join(map(str, arguments)))


@pytest.fixture
def data(world: World, tmp_path: Path) -> DataRoot:
    """Return a published world with a backup. The backup's folder is below its root, so that writes to it are kill points too."""
    data = world.fresh("end", tmp_path / "data")
    world.done(data, command("backup", "--to", data.root / "backups"))
    return data


def tried(count: int) -> Iterator[tuple[int, Stop]]:
    """Return the points of the kills, spread over all writes: between two writes, and every second one within a write."""
    for place, number in enumerate(range(0, count, max(1, count // (150 if IS_FULL else 7)))):
        yield number, Stop(number, how="tear" if place % 2 else "kill")


def exports(data: DataRoot) -> dict[str, bytes]:
    """Return what a restore must bring back: all exports of landing."""
    places = ("objects", "manifests")
    files = (path for place in places for path in (data.landing / place).rglob("*") if path.is_file())
    return {path.relative_to(data.root).as_posix(): path.read_bytes() for path in files}


def test_killed_while_it_backs_up(world: World, data: DataRoot, tmp_path: Path) -> None:
    first = BackupFolder(data.root / "backups").backups()
    # Another export was landed since the backup.
    day = next(iter((data.landing / "manifests").glob("*/*/*")))
    shutil.copytree(day, day.with_name("2031-01"))
    whole = DataRoot(tmp_path / "whole")
    shutil.copytree(data.root, whole.root, symlinks=True)
    step = command("backup", "--to", whole.root / "backups", "--keep", "1")
    world.done(whole, step)
    points, ended = world.points.pop(str(step)), []
    for number, stop in tried(len(points)):
        killed = DataRoot(tmp_path / "killed")
        shutil.copytree(data.root, killed.root, symlinks=True)
        again = command("backup", "--to", killed.root / "backups", "--keep", "1")
        if not world.was_killed(killed, again, stop):
            ended.append(number)
        kept = BackupFolder(killed.root / "backups")
        # Whatever the kill left: the earlier or the new backup is there, and every finished backup is complete.
        assert kept.backups() and verify(kept.root).is_whole, number
        world.done(killed, again)
        assert len(kept.backups()) == 1 and kept.backups() != first
        assert verify(kept.root).is_whole and not verify(kept.root).unneeded
        assert not list(kept.root.rglob(".*.tmp"))
        shutil.rmtree(killed.root)
    # The folder for the first digits of a new hash may exist or not, so the number of points varies.
    assert all(number >= len(points) - NEW_OBJECTS for number in ended), ended


def test_killed_while_it_restores(world: World, data: DataRoot, tmp_path: Path) -> None:
    backups = tmp_path / "elsewhere"
    shutil.copytree(data.root / "backups", backups)
    expected, shown = exports(data), publishing.current(data)
    whole = DataRoot(tmp_path / "whole")
    step = command("restore", "--from", backups)
    whole.root.mkdir()
    world.done(whole, step)
    points = world.points.pop(str(step))
    for number, stop in tried(len(points)):
        killed = DataRoot(tmp_path / "killed")
        killed.root.mkdir()
        world.killed(killed, step, stop)
        world.done(killed, step)
        assert exports(killed) == expected and publishing.current(killed) == shown, number
        assert not (killed.root / ".restoring").exists() and not list(killed.root.rglob(".*.tmp"))
        shutil.rmtree(killed.root)
