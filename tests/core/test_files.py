"""Writing files: access rights, torn lines, and the temporary files that a crash leaves."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from wangjian.core import files
from wangjian.core.files import append_text, remove_abandoned, write_atomically


def test_a_secret_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_atomically(path, "secret", mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == "secret"
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_a_new_line_does_not_join_a_torn_one(tmp_path: Path) -> None:
    path = tmp_path / "log"
    append_text(path, "one\n")
    path.write_text("one\ntw")
    append_text(path, "three\n")
    assert path.read_text().splitlines() == ["one", "tw", "three"]


@pytest.mark.parametrize("times", [1, 3])
def test_a_line_goes_into_the_new_file_when_the_log_is_replaced_meanwhile(
    times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock, taken = tmp_path / "log", files.fcntl.flock, []

    def lock_and_lose(descriptor: int, how: int) -> None:
        lock(descriptor, how)
        if len(taken) < times:
            taken.append(path.unlink())

    monkeypatch.setattr(files.fcntl, "flock", lock_and_lose)
    append_text(path, "one\n")
    assert path.read_text() == "one\n" and len(taken) == times


def test_only_old_temporary_files_are_abandoned(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    fresh, kept = tmp_path / "sub" / ".a.1-2.tmp", tmp_path / "sub" / "a.parquet"
    for path in (fresh, kept):
        path.touch()
    old = tmp_path / "sub" / ".b.1-2.tmp"
    old.touch()
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    assert remove_abandoned(tmp_path) == 1
    assert fresh.exists() and kept.exists() and not old.exists()


def test_an_abandoned_folder_is_removed_unless_a_file_in_it_is_fresh(tmp_path: Path) -> None:
    hour_old = (time.time() - 7200, time.time() - 7200)
    for name in ("abandoned", "at_work"):
        folder = tmp_path / f".{name}.1-2.tmp"
        folder.mkdir()
        (folder / "block").touch()
        os.utime(folder / "block", hour_old if name == "abandoned" else None)
        os.utime(folder, hour_old)
    assert remove_abandoned(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == [".at_work.1-2.tmp"]


def test_an_abandoned_link_is_removed_and_its_target_stays(tmp_path: Path) -> None:
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown" / "file").touch()
    (tmp_path / ".current.1-2.tmp").symlink_to("shown")
    assert remove_abandoned(tmp_path, timedelta(seconds=-1)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["shown"] and (tmp_path / "shown" / "file").exists()
