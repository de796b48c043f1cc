"""Locks between processes: one waits and says so, or is refused with the holder's name; no lock outlives its holder."""

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
    """Return whether another thread gets the lock. The own thread may take its lock twice, so it cannot ask."""
    answers = []

    def ask() -> None:
        try:
            with exclusive_lock(path, doing="ask", wait=False):
                answers.append(True)
        except Busy:
            answers.append(False)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()
    return answers[0]


def test_a_refusal_names_the_process_its_start_and_its_work(path: Path) -> None:
    with held_elsewhere(path, "build the warehouse") as holder:
        with pytest.raises(Busy) as caught, exclusive_lock(path, doing="compact jiangxi", wait=False):
            pass
        error = caught.value
        assert error.what == "cannot compact jiangxi: another process is at work"
        assert error.where["process"] == str(holder.pid)
        assert error.where["doing"] == "build the warehouse"
        assert datetime.fromisoformat(error.where["since"]).tzinfo
        assert "run this again" in str(error)
    assert is_free(path)


def test_a_waiting_process_says_so_and_goes_on_by_itself(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with held_elsewhere(path, "build the warehouse") as holder:
        said = threading.Event()
        # the other process ends only after the warning that this one waits
        threading.Thread(target=lambda: said.wait(60) and holder.stdin and holder.stdin.close()).start()
        caplog.handler.addFilter(lambda record: said.set() or True)  # type: ignore[func-returns-value]
        with caplog.at_level(logging.WARNING), exclusive_lock(path, doing="check"):
            assert not is_free(path)
    (message,) = caplog.messages
    assert message.startswith(f"waiting to check: another process is at work [process={holder.pid}, since=")
    assert message.endswith("doing=build the warehouse]")


def test_the_lock_is_free_after_its_holder_was_killed(path: Path) -> None:
    with held_elsewhere(path) as holder:
        holder.kill()
        holder.wait()
        assert is_free(path)


def test_a_child_of_a_killed_holder_keeps_the_lock_until_it_ends(path: Path) -> None:
    with held_elsewhere(path, by="child") as holder:
        holder.kill()
        holder.wait()
        with pytest.raises(Busy) as caught, exclusive_lock(path, doing="check", wait=False):
            pass
        assert caught.value.where["process"] == f"{holder.pid} (killed; what it started is still at work)"
    with exclusive_lock(path, doing="check"):
        assert not is_free(path)


def test_a_step_within_a_step_does_not_wait_for_its_own_lock(path: Path) -> None:
    with exclusive_lock(path, doing="backfill"):
        with exclusive_lock(path, doing="build", wait=False):
            assert not is_free(path)
        assert not is_free(path), "the inner step must not release the lock of the outer one"
    assert is_free(path)


def test_a_lock_without_a_note_of_its_holder_is_a_lock(path: Path) -> None:
    path.parent.mkdir()
    with held_elsewhere(path):
        os.truncate(path, 0)
        with (
            pytest.raises(Busy, match=rf"another process is at work \[lock={path}\]"),
            exclusive_lock(path, doing="check", wait=False),
        ):
            pass
