"""Fixtures: a data root, and a function that lands exports without a source."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from support.landed import Land
from support.landed import land as land_export
from wangjian.core.paths import DataRoot


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path)


@pytest.fixture
def land(data: DataRoot) -> Land:
    """Land one export: `land("jiangxi", "cases", "2023-01-02", {"a.csv": b"…"}, version=2)`."""
    return partial(land_export, data)
