"""The backup commands: exit codes, output for machines, and reminders for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.backup.conftest import destroy
from wangjian.cli import main
from wangjian.core.paths import DataRoot
from wangjian.operations.backup import BackupFolder

Call = Callable[..., int]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def call(data: DataRoot, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))

    def run(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["wangjian", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return run


def test_it_says_where_the_key_must_be_kept(call: Call, folder: Path, safe: Path, capsys: Captured) -> None:
    assert call("backup", "--to", folder, "--json") == 0
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert answer["new files"] == answer["files"] > 5 and answer["seconds"] >= 0
    assert "is not in it → keep it apart: --keys-to FOLDER" in said.err
    assert call("backup", "--to", folder, "--keys-to", safe) == 0
    assert "keep it apart" not in capsys.readouterr().err
    assert call("backup", "list", folder, "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_a_damaged_backup_ends_verify_with_1(call: Call, folder: Path, capsys: Captured) -> None:
    call("backup", "--to", folder)
    assert call("backup", "verify", folder) == 0
    next(BackupFolder(folder).objects()).unlink()
    capsys.readouterr()
    assert call("backup", "verify", folder, "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["is_whole"], len(answer["missing"])) == (False, 1)
    assert call("backup", "verify", folder) == 1
    assert "✘ 缺失 missing" in capsys.readouterr().out


def test_a_backup_without_its_folder_is_refused(call: Call, folder: Path, capsys: Captured) -> None:
    assert call("backup") == 2
    assert call("backup", "verify", folder) == 2
    assert "there is no backup" in capsys.readouterr().err


def test_nothing_is_rebuilt_with_another_key(call: Call, data: DataRoot, folder: Path, capsys: Captured) -> None:
    call("backup", "--to", folder)
    destroy(data)
    capsys.readouterr()
    assert call("restore", "--from", folder, "--rebuild") == 1
    assert "everything is restored, but the key of hashed numbers" in capsys.readouterr().err
    assert (data.published / "warehouse.duckdb").exists() and not data.raw.exists()
    assert call("restore", "--from", folder) == 2, "a restore never overwrites data"


def test_a_restore_names_the_command_that_rebuilds_the_rest(
    call: Call, folder: Path, safe: Path, tmp_path: Path, capsys: Captured
) -> None:
    call("backup", "--to", folder, "--keys-to", safe)
    assert call("restore", "--from", folder, "--to", tmp_path / "new", "--keys-from", safe, "--json") == 0
    said = capsys.readouterr()
    answer = json.loads(said.out.splitlines()[-1])
    assert (answer["key"], answer["readers see"]) == ("restored", "warehouse-20231231-002.duckdb")
    assert "run `wangjian rebuild`" in said.err
