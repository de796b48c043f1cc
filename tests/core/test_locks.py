"""Locks between processes: one waits and says so, or is refused and told by whom; none outlives its holder."""

from __future__ import annotations

import logging
import os
import threading
from datetime import datetime
from pathlib import Path

import pytest

from support.holding import held_elsewhere
from wangjian.core.errors import Busy
from wangjian.core.locks import exclusive_lock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "locks" / "warehouse.lock"


def is_free(path: Path) -> bool:
    """Asked by another thread, since the own one may hold a lock twice."""
    found = []

    def ask() -> None:
        try:
            with exclusive_lock(path, doing="ask", wait=False):
                found.append(True)
        except Busy:
            found.append(False)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()
    return found[0]


def test_who_is_refused_is_told_who_is_at_work_since_when_and_at_what(path: Path) -> None:
    with held_elsewhere(path, "build the warehouse") as holder:
        with pytest.raises(Busy) as caught, exclusive_lock(path, doing="compact jiangxi", wait=False):
            pass
        told = caught.value
        assert told.what == "cannot compact jiangxi: another process is at work"
        assert told.where["process"] == str(holder.pid)
        assert told.where["doing"] == "build the warehouse"
        assert datetime.fromisoformat(told.where["since"]).tzinfo
        assert "run this again" in str(told)
    assert is_free(path)


def test_who_waits_says_so_and_goes_on_by_itself(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with held_elsewhere(path, "build the warehouse") as holder:
        said = threading.Event()
        # the other one ends only once we have said that we wait for it
        threading.Thread(target=lambda: said.wait(60) and holder.stdin and holder.stdin.close()).start()
        caplog.handler.addFilter(lambda record: said.set() or True)  # type: ignore[func-returns-value]
        with caplog.at_level(logging.WARNING), exclusive_lock(path, doing="check"):
            assert not is_free(path)
    (message,) = caplog.messages
    assert message.startswith(f"waiting to check: another process is at work [process={holder.pid}, since=")
    assert message.endswith("doing=build the warehouse]")


def test_a_killed_holder_frees_it(path: Path) -> None:
    with held_elsewhere(path) as holder:
        holder.kill()
        holder.wait()
        assert is_free(path)


def test_what_a_killed_holder_started_holds_it_to_its_own_end(path: Path) -> None:
    with held_elsewhere(path, by="child") as holder:
        holder.kill()
        holder.wait()
        with pytest.raises(Busy) as caught, exclusive_lock(path, doing="check", wait=False):
            pass
        assert caught.value.where["process"] == f"{holder.pid} (killed; what it started is still at work)"
    with exclusive_lock(path, doing="check"):
        assert not is_free(path)


def test_a_step_within_a_step_need_not_wait_for_itself(path: Path) -> None:
    with exclusive_lock(path, doing="backfill"):
        with exclusive_lock(path, doing="build", wait=False):
            assert not is_free(path)
        assert not is_free(path), "the inner one must not free what the outer one holds"
    assert is_free(path)


def test_a_lock_without_a_name_is_a_lock(path: Path) -> None:
    path.parent.mkdir()
    with held_elsewhere(path):
        os.truncate(path, 0)
        with (
            pytest.raises(Busy, match=rf"another process is at work \[lock={path}\]"),
            exclusive_lock(path, doing="check", wait=False),
        ):
            pass
