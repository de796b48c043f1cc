"""A data root carries a format mark; a version that does not know the format refuses the data root."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wangjian.cli import main
from wangjian.core.data_format import FORMAT, NewerData
from wangjian.core.errors import WangjianError
from wangjian.core.paths import DataRoot, data_root


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataRoot:
    monkeypatch.setenv("WANGJIAN_DATA", str(tmp_path / "data"))
    return DataRoot(tmp_path / "data")


def mark(data: DataRoot, text: str) -> None:
    data.state.mkdir(parents=True)
    (data.state / "format.json").write_text(text, encoding="utf-8")


def test_a_new_data_root_is_marked(data: DataRoot) -> None:
    assert data_root() == data
    content = json.loads((data.state / "format.json").read_text(encoding="utf-8"))
    assert content["format"] == FORMAT
    assert (data.state / "format.json").stat().st_mode & 0o777 == 0o600
    assert data_root() == data


def test_a_data_root_without_a_mark_has_the_first_format(data: DataRoot) -> None:
    (data.root / "landing").mkdir(parents=True)
    data_root()
    assert json.loads((data.state / "format.json").read_text(encoding="utf-8"))["format"] == 1


def test_a_newer_format_is_refused_with_a_fix(data: DataRoot) -> None:
    text = json.dumps({"format": FORMAT + 1, "readable_since": "9.1.0"})
    mark(data, text)
    with pytest.raises(NewerData, match=r"更新的版本.*newer version.*9\.1\.0.*backup"):
        data_root()
    assert (data.state / "format.json").read_text(encoding="utf-8") == text


def test_an_older_format_is_accepted_and_its_mark_stays(data: DataRoot) -> None:
    mark(data, '{"format": 0}')
    data_root()
    assert (data.state / "format.json").read_text(encoding="utf-8") == '{"format": 0}'


@pytest.mark.parametrize("text", ["", '{"for', "[]", '{"format": "two"}', "{}"])
def test_a_damaged_mark_is_reported(data: DataRoot, text: str) -> None:
    mark(data, text)
    with pytest.raises(WangjianError, match=r"format\.json.*→"):
        data_root()


def test_the_command_line_refuses(
    data: DataRoot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mark(data, json.dumps({"format": FORMAT + 1}))
    monkeypatch.setattr("sys.argv", ["wangjian", "status"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "newer version" in capsys.readouterr().err
