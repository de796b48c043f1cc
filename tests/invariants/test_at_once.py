"""Parallel processes each finish, wait with a message that names the other, or are refused with its name; never with a stack trace."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from invariants.conftest import FIRST, Landed
from wangjian import publishing
from wangjian.core.locks import Holder
from wangjian.core.paths import DataRoot

pytestmark = [pytest.mark.slow, pytest.mark.world("invariants", minutes=2)]

PATIENCE_SECONDS = 300
BACKFILL = ("backfill", "--source", "jiangxi", "--dataset", "platforms", "--mode", "reparse")
RANGE = ("--from", str(FIRST), "--to", str(FIRST))


class Command:
    """A `wangjian` command in a process group of its own, as a shell starts it."""

    def __init__(self, data: DataRoot, *arguments: str) -> None:
        self.log = data.root / f"said-{time.monotonic_ns()}.txt"
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "wangjian", *arguments]
            environment = {**os.environ, "WANGJIAN_DATA": str(data.root)}
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)

    @property
    def said(self) -> str:
        return self.log.read_text()

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for a condition that must become true before the command ends."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.01)

    def until_it_waits(self) -> Command:
        self.until(lambda: "waiting to " in self.said)
        return self

    def end(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Freeze the command and its children in the middle of their work, so that the others certainly start meanwhile."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)


def _holds_warehouse(data: DataRoot, command: Command) -> bool:
    note = data.state / "locks" / "warehouse.lock"
    text = note.read_text() if note.exists() else ""
    return bool(text) and Holder.model_validate_json(text).pid == command.process.pid


@pytest.mark.everyday
def test_builds_backfills_publication_and_compaction_at_once(landed: Landed, tmp_path: Path) -> None:
    data = DataRoot(tmp_path / "data")
    shutil.copytree(landed.data.root, data.root)
    building = Command(data, "build", "--force")
    building.until(lambda: _holds_warehouse(data, building))
    with building.stopped():
        compacting = Command(data, "compact", "jiangxi")
        assert compacting.end() == 1
        second_build = Command(data, "build").until_it_waits()
        publishing_now = Command(data, "publish").until_it_waits()
        backfill = Command(data, *BACKFILL, *RANGE, "--reason", "核对平台").until_it_waits()
        second_backfill = Command(data, *BACKFILL, *RANGE, "--reason", "再核对")
        assert second_backfill.end() == 1
    backfill.until(lambda: _holds_warehouse(data, backfill))
    with backfill.stopped():
        third_build = Command(data, "build").until_it_waits()
    everyone = {
        "building": building, "second": second_build, "publishing": publishing_now, "backfill": backfill, "third": third_build,
    }  # fmt: skip
    ends = {name: command.end() for name, command in everyone.items()}

    # A publication before the check finds an unchecked build and reports it.
    assert ends.pop("publishing") in (0, 3), publishing_now.said
    assert set(ends.values()) == {0}, {name: command.said for name, command in everyone.items()}
    at_work = f"another process is at work [process={building.process.pid}, since="
    assert f"cannot compact jiangxi: {at_work}" in " ".join(compacting.said.split())
    assert f"waiting to build the warehouse: {at_work}" in second_build.said
    assert f"waiting to publish: {at_work}" in publishing_now.said
    refused = " ".join(second_backfill.said.split())
    assert "cannot backfill jiangxi" in refused and f"[process={backfill.process.pid}, since=" in refused
    assert "(核对平台)] → wait until it has finished" in refused
    assert f"[process={backfill.process.pid}, since=" in third_build.said and "核对平台" in third_build.said
    for command in (*everyone.values(), compacting, second_backfill):
        assert "Traceback" not in command.said and "Could not set lock" not in command.said
    assert publishing.current(data)


def test_a_program_that_takes_no_lock_is_named(landed: Landed, tmp_path: Path) -> None:
    data = DataRoot(tmp_path / "data")
    shutil.copytree(landed.data.root, data.root)
    hold = f"import duckdb, sys; c = duckdb.connect({str(data.warehouse)!r}, read_only=True); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as person:
        assert person.stdin and person.stdout and person.stdout.readline() == "open\n"
        build = Command(data, "build", "--force")
        assert build.end() == 1
        person.stdin.close()
    said = " ".join(build.said.split())
    assert "✘ cannot run dbt build: another program has the warehouse open" in said
    assert f"process={person.pid}" in said and "published/warehouse.duckdb" in said
    assert "Traceback" not in said and "Could not set lock" not in said
