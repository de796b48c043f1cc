"""dbt's work files are in one folder for each version and each folder of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from wangjian.core.paths import DataRoot
from wangjian.warehouse import dbt


def test_versions_on_one_data_root_have_separate_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = DataRoot(tmp_path)
    ours = dbt.work_folder(data)
    assert ours == dbt.work_folder(data) and ours.parent == data.scratch
    monkeypatch.setattr(dbt, "version", lambda _: "99.0.0")
    newer = dbt.work_folder(data)
    monkeypatch.setattr(dbt, "DBT_PROJECT", tmp_path / "elsewhere")
    assert len({ours, newer, dbt.work_folder(data)}) == 3
