"""Make dashboards in Superset's import format: the place of each chart, and the charts to which each filter applies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wangjian.serving.superset.charts import COLOURS
from wangjian.serving.superset.description import Dashboard, Description, Filter, Row
from wangjian.serving.superset.identity import VERSION, uuid_of
from wangjian.warehouse.labels import Labels


def editions(description: Description) -> Iterator[tuple[str, Dashboard, bool]]:
    """Yield every dashboard and its edition for counties.

    A dashboard with one forbidden chart would show an error box to a county; hence the editions.

    Args:
        description: all datasets, charts and dashboards.

    Yields:
        The name, the dashboard, and whether it is for counties. A county's edition keeps only the charts and filters whose
        dataset is by county; the charts that stay fill the rows.
    """
    for name, dashboard in description.dashboards.items():
        yield name, dashboard, False
        if edition := dashboard.county_edition:
            yield edition.name, _for_counties(description, dashboard), True


def _for_counties(description: Description, dashboard: Dashboard) -> Dashboard:
    edition = dashboard.county_edition or dashboard
    rows = [_row_for_counties(description, row) for row in dashboard.rows]
    filters = [item for item in dashboard.filters if description.datasets[item.dataset].by_county]
    return Dashboard(
        zh=edition.zh, en=edition.en, filters=tuple(filters), rows=tuple(row for row in rows if row is not None)
    )


def _row_for_counties(description: Description, row: Row) -> Row | None:
    kept = {
        name: width
        for name, width in row.charts.items()
        if description.datasets[description.charts[name].dataset].by_county
    }
    if not kept:
        return None
    missing = 12 - sum(kept.values())
    # a row is twelve wide: the last chart takes the width of those that are left out
    return Row(height=row.height, charts=kept | {(last := list(kept)[-1]): kept[last] + missing})


def dashboard_file(name: str, dashboard: Dashboard, description: Description, labels: Labels) -> dict[str, Any]:
    """Return a dashboard as a file of the import.

    Args:
        name: the dashboard's name, which is also in its address.
        dashboard: the dashboard's description.
        description: all datasets, charts and dashboards.
        labels: the names of the codes that have a colour.

    Returns:
        The content of the file.
    """
    numbers = {chart: number for number, chart in enumerate(dashboard.chart_names(), start=1)}
    return {
        "version": VERSION,
        "uuid": uuid_of("dashboard", name),
        "dashboard_title": dashboard.zh,
        "description": dashboard.en,
        "slug": name.replace("_", "-"),
        "css": "",
        "published": True,
        "is_managed_externally": True,
        "position": _position(name, dashboard, description, numbers),
        "metadata": {
            "color_scheme": COLOURS,
            "cross_filters_enabled": True,
            "refresh_frequency": 0,
            "expanded_slices": {},
            "label_colors": _colours(description, labels),
            "timed_refresh_immune_slices": [],
            "native_filter_configuration": [_filter(name, item, numbers) for item in dashboard.filters],
        },
    }


def _colours(description: Description, labels: Labels) -> dict[str, str]:
    # Superset keys colours by the shown text, not by the code
    return {
        labels.codes[codes][code].zh: colour
        for codes, colours in description.colours.items()
        for code, colour in colours.items()
    }


def _position(name: str, dashboard: Dashboard, description: Description, numbers: Mapping[str, int]) -> dict[str, Any]:
    """Return the tree of the page: a grid with rows, and the charts of each row."""
    rows = [f"ROW-{name}-{number}" for number, _ in enumerate(dashboard.rows, start=1)]
    placed: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": _node("GRID_ID", "GRID", rows, ["ROOT_ID"], {}),
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": dashboard.zh}},
    }
    for row_id, row in zip(rows, dashboard.rows, strict=True):
        charts = [f"CHART-{chart}" for chart in row.charts]
        placed[row_id] = _node(row_id, "ROW", charts, ["ROOT_ID", "GRID_ID"], {"background": "BACKGROUND_TRANSPARENT"})
        for chart, width in row.charts.items():
            meta = _chart_meta(chart, width, row.height, description) | {"chartId": numbers[chart]}
            placed[f"CHART-{chart}"] = _node(f"CHART-{chart}", "CHART", [], ["ROOT_ID", "GRID_ID", row_id], meta)
    return placed


def _node(node: str, kind: str, children: Iterable[str], parents: list[str], meta: dict[str, Any]) -> dict[str, Any]:
    return {"id": node, "type": kind, "children": list(children), "parents": parents, "meta": meta}


def _chart_meta(chart: str, width: int, height: int, description: Description) -> dict[str, Any]:
    name = description.charts[chart].zh
    return {"uuid": uuid_of("chart", chart), "sliceName": name, "width": width, "height": height}


def _filter(dashboard: str, item: Filter, numbers: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": f"NATIVE_FILTER-{dashboard}-{item.column}",
        "name": item.zh,
        "description": item.en,
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "targets": [{"datasetUuid": uuid_of("dataset", item.dataset), "column": {"name": item.column}}],
        "controlValues": {
            "multiSelect": not item.one,
            "enableEmptyFilter": item.one,
            "defaultToFirstItem": item.one,
            # the latest month comes first, so that the filter starts with it
            "sortAscending": item.column != "month",
            "inverseSelection": False,
            "searchAllOptions": False,
        },
        # without this, the filter shows its value but applies it only once a person presses the button
        "requiredFirst": item.one,
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "cascadeParentIds": [],
        # Superset has no IDs for charts before they are imported: the import maps these numbers to its own
        "scope": {"rootPath": ["ROOT_ID"], "excluded": [numbers[chart] for chart in item.not_for if chart in numbers]},
    }
