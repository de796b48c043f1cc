"""The description of the dashboards: its content, and how its mistakes are reported."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from wangjian.core.errors import BadArguments
from wangjian.publishing import load_labels
from wangjian.serving.superset.dashboards import editions
from wangjian.serving.superset.datasets import with_names
from wangjian.serving.superset.description import SUPERSET, Dataset, Description, load_description
from wangjian.serving.superset.identity import DATABASE, uuid_of

pytestmark = pytest.mark.world("superset", minutes=3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the description, to break it."""
    return Path(shutil.copytree(SUPERSET, tmp_path / "superset"))


def test_three_dashboards_and_two_for_counties(description: Description) -> None:
    shown = {dashboard.zh: for_counties for _, dashboard, for_counties in editions(description)}
    assert shown == {
        "总览": False, "县区总览": True, "线索与案件": False, "县区线索与案件": True, "数据质量": False,
    }  # fmt: skip


def test_a_countys_edition_shows_only_datasets_by_county(description: Description) -> None:
    for name, dashboard, for_counties in editions(description):
        if for_counties:
            shown = {description.charts[chart].dataset for chart in dashboard.chart_names()}
            shown |= {item.dataset for item in dashboard.filters}
            assert all(description.datasets[dataset].by_county for dataset in shown), name
            assert all(sum(row.charts.values()) == 12 for row in dashboard.rows), name


def test_the_database_does_not_have_the_name_of_a_schema() -> None:
    assert DATABASE not in ("marts", "reports", "audit")


def test_the_same_name_is_the_same_asset_everywhere() -> None:
    assert uuid_of("chart", "lead_flow") == "14eb79fe-2309-59e4-9bdb-106697dcf0f5"
    assert uuid_of("chart", "lead_flow") != uuid_of("dataset", "lead_flow")


def test_codes_are_written_out_in_chinese_and_unknown_ones_stay() -> None:
    dataset = Dataset(
        name="x", zh="x", en="x", table="x", sql="select name_of('severity', t.severity) from t", metrics={}
    )
    assert with_names(dataset, load_labels()) == (
        "select case cast(t.severity as varchar) when 'critical' then '严重' when 'warning' then '警告' "
        "else cast(t.severity as varchar) end from t"
    )


def test_an_unknown_list_of_codes_is_reported() -> None:
    dataset = Dataset(name="x", zh="x", en="x", table="x", sql="select name_of('colours', colour)", metrics={})
    with pytest.raises(BadArguments, match="list of codes colours"):
        with_names(dataset, load_labels())


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("charts/overview.yml", {"data_date": {"dataset": "nothing"}}, "charts.data_date: no dataset nothing"),
        ("charts/overview.yml", {"data_date": {"metric": "nothing"}}, "charts.data_date: no metric nothing"),
        ("charts/overview.yml", {"data_date": {"kind": "cake"}}, "charts.data_date.kind"),
        (
            "charts/overview.yml",
            {"unused": {"zh": "x", "en": "x", "kind": "number", "dataset": "kpi"}},
            "charts.unused: on no",
        ),
        ("dashboards.yml", {"quality": {"rows": [{"height": 9, "charts": {"nothing": 12}}]}}, "no chart nothing"),
        ("dashboards.yml", {"quality": {"rows": [{"height": 9, "charts": {"tile_held": 11}}]}}, "not twelve wide"),
        ("datasets/kpi.yml", {"surprise": 1}, "datasets.kpi.surprise"),
    ],
)
def test_a_name_that_refers_to_nothing_is_reported(
    folder: Path, file: str, change: dict[str, object], message: str
) -> None:
    path = folder / file
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, value in change.items():
        content[name] = content.get(name, {}) | value if isinstance(value, dict) else value
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(BadArguments, match=message):
        load_description(folder)


def test_a_missing_file_is_reported(folder: Path) -> None:
    (folder / "dashboards.yml").unlink()
    with pytest.raises(BadArguments, match=r"dashboards\.yml"):
        load_description(folder)
