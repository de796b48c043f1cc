"""A parsed landing zone of two systems around the turn of a year. Header-only files have the same bytes in both years."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from support.landed import land, page, penalties
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing import parse
from wangjian.ingestion.sources.registry import get_source

CUT = date(2023, 1, 1)
OLD, NEW = ("2022-12-29", "2022-12-30", "2022-12-31"), ("2023-01-01", "2023-01-02")
TASK = {
    "task_no": "T1", "task_name": "日常监测", "task_type": "ROUTINE", "issued_by_org": "360700", "keywords": [], "platform_codes": [],
    "category_codes": [], "starts_on": "2022-01-01", "ends_on": None, "updated_at": "2022-12-29T08:00:00+08:00",
}  # fmt: skip


def land_two_systems(data: DataRoot) -> None:
    """Land three days before the limit and two after it; the last day of each part has no penalty."""
    for number, day in enumerate((*OLD, *NEW)):
        quiet = day in (OLD[-1], NEW[-1])
        rows = () if quiet else (f"赣市监立〔2022〕{number}号,1,1,罚款,{number}00.00,,,",)
        land(data, "jiangxi", "case_penalties", day, penalties(*rows))
        tasks = [{**TASK, "task_no": f"T{number}"}]
        land(data, "five_level", "monitoring_tasks", day, {"p0001": page("monitoring_tasks", day, tasks)})


def parse_two_systems(data: DataRoot) -> None:
    for source in ("five_level", "jiangxi"):
        parse(get_source(source), data)


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    data = DataRoot(tmp_path / "data")
    land_two_systems(data)
    parse_two_systems(data)
    return data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder for the archive."""
    return tmp_path / "disk" / "archive"


def objects(root: Path) -> set[str]:
    """Return the hashes of all objects below a zone."""
    return {path.name for path in (root / "objects").rglob("*") if path.is_file()}


def named(data: DataRoot, *days: str) -> set[str]:
    """Return the hashes that the exports of some days name."""
    exports = Landing(data.landing).exports()
    return {file.sha256 for export in exports if str(export.key.business_date) in days for file in export.files}
