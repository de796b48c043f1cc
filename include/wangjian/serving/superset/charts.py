"""Make charts in Superset's import format: the settings that its editor would save, and the query that its interface runs."""

from __future__ import annotations

import json
from typing import Any

from wangjian.serving.superset.description import Chart, Dataset
from wangjian.serving.superset.identity import VERSION, uuid_of

_VIZ = {
    "number": "big_number_total",
    "table": "table",
    "rows": "table",
    "columns": "echarts_timeseries_bar",
    "ranking": "echarts_timeseries_bar",
    "line": "echarts_timeseries_line",
    "pie": "pie",
    "flow": "sankey_v2",
}
COLOURS = "supersetColors"


def chart_file(name: str, chart: Chart, dataset: Dataset) -> dict[str, Any]:
    """Return a chart as a file of the import.

    Args:
        name: the chart's name; its UUID is derived from it.
        chart: the chart's description.
        dataset: the dataset that the chart shows.

    Returns:
        The content of the file.
    """
    params = _params(chart, dataset)
    context = {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": [_query(chart)],
        "form_data": params,
        "result_format": "json",
        "result_type": "full",
    }
    return {
        "version": VERSION,
        "uuid": uuid_of("chart", name),
        "dataset_uuid": uuid_of("dataset", dataset.name),
        "slice_name": chart.zh,
        "description": chart.en,
        "viz_type": _VIZ[chart.kind],
        "params": params,
        "query_context": json.dumps(context, ensure_ascii=False),
        "cache_timeout": None,
        "is_managed_externally": True,
    }


def _params(chart: Chart, dataset: Dataset) -> dict[str, Any]:
    """Return the settings that Superset's editor shows."""
    common = {
        "viz_type": _VIZ[chart.kind],
        "adhoc_filters": [_adhoc(column, value) for column, value in chart.where.items()],
        "row_limit": chart.limit,
        "color_scheme": COLOURS,
        "extra_form_data": {},
    }
    number = dataset.metrics[chart.metrics[0]].format if chart.metrics else None
    return common | _OWN[chart.kind](chart, number or "SMART_NUMBER")


def _adhoc(column: str, value: str | tuple[str, ...]) -> dict[str, Any]:
    several = isinstance(value, tuple)
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": column,
        "operator": "IN" if several else "==",
        "operatorId": "IN" if several else "EQUALS",
        "comparator": list(value) if several else value,
    }


def _query(chart: Chart) -> dict[str, Any]:
    """Return the query of the chart, which Superset's interface for programs runs."""
    grouped = [*chart.by, *([chart.split] if chart.split else [])]
    return {
        "columns": list(chart.columns) or grouped,
        # null asks for the rows themselves, without grouping
        "metrics": None if chart.kind == "rows" else list(chart.metrics),
        "filters": [
            {"col": column, "op": "IN" if isinstance(value, tuple) else "==", "val": value}
            for column, value in chart.where.items()
        ],
        "orderby": _order(chart),
        "row_limit": chart.limit,
        "extras": {"having": "", "where": ""},
        "annotation_layers": [],
        "is_timeseries": False,
    }


def _order(chart: Chart) -> list[tuple[Any, bool]]:
    """Return what to order by: a column or a metric, with true for ascending."""
    if chart.sort and chart.kind == "table":
        return [(_least(chart.sort), True)]
    if chart.sort:
        return [(chart.sort, not chart.descending)]
    if chart.kind in ("columns", "line"):
        return [(chart.by[0], True)]
    return [(chart.metrics[0], False)] if chart.by and chart.metrics else []


def _number(chart: Chart, number: str) -> dict[str, Any]:
    return {
        "metric": chart.metrics[0],
        "y_axis_format": number,
        "time_format": "%Y-%m-%d",
        "header_font_size": 0.6,
        "subtitle_font_size": 0.15,
    }


def _table(chart: Chart, number: str) -> dict[str, Any]:
    return {
        "query_mode": "aggregate",
        "groupby": list(chart.by),
        "metrics": list(chart.metrics),
        "all_columns": [],
        "timeseries_limit_metric": _least(chart.sort) if chart.sort else None,
        "order_desc": False,
        "order_by_cols": [],
        **_TABLE_LOOK,
    }


def _least(column: str) -> dict[str, Any]:
    """Return a metric that orders groups by a column: Superset orders groups by metrics only, so take its minimum."""
    return {
        "expressionType": "SQL",
        "sqlExpression": f"min({column})",
        "label": f"min_{column}",
        "hasCustomLabel": True,
    }


def _rows(chart: Chart, number: str) -> dict[str, Any]:
    return {
        "query_mode": "raw",
        "groupby": [],
        "metrics": [],
        "all_columns": list(chart.columns),
        "order_by_cols": [json.dumps([chart.sort, not chart.descending])] if chart.sort else [],
        "column_config": {column: {"d3NumberFormat": number_format} for column, number_format in chart.formats.items()},
        **_TABLE_LOOK,
    }


# names in the data come from the sources: a table must show them as text and never run them as HTML
_TABLE_LOOK = {
    "table_timestamp_format": "%Y-%m-%d",
    "page_length": 0,
    "show_cell_bars": False,
    "color_pn": False,
    "server_pagination": False,
    "include_search": False,
    "allow_render_html": False,
}


def _series(chart: Chart, number: str) -> dict[str, Any]:
    """Return the settings that bars and lines share; months stay in their order."""
    return {
        "x_axis": chart.by[0],
        # Superset sorts one series by a column, and several by a property of the groups, here their name
        "x_axis_sort": "name" if chart.split else chart.by[0],
        "x_axis_sort_asc": True,
        "time_grain_sqla": None,
        "metrics": list(chart.metrics),
        "groupby": [chart.split] if chart.split else [],
        "order_desc": True,
        "show_legend": bool(chart.split),
        "legendType": "scroll",
        "legendOrientation": "top",
        "rich_tooltip": True,
        "truncate_metric": True,
        "show_empty_columns": True,
        "truncateXAxis": False,
        "y_axis_format": number,
        "y_axis_bounds": [None if chart.top is None else 0, chart.top],
        "truncateYAxis": chart.top is not None,
        "x_axis_title": "",
        "y_axis_title": "",
        "sort_series_type": "name",
        "sort_series_ascending": True,
    }


def _columns(chart: Chart, number: str) -> dict[str, Any]:
    return _series(chart, number) | {
        "orientation": "vertical",
        "stack": "Stack" if chart.stacked else None,
        "show_value": not chart.stacked,
        "only_total": True,
    }


def _ranking(chart: Chart, number: str) -> dict[str, Any]:
    # a horizontal axis starts at the bottom: ascending order puts the largest on top
    return _series(chart, number) | {
        "orientation": "horizontal",
        "x_axis_sort": "sum" if chart.split else chart.metrics[0],
        "stack": "Stack" if chart.split else None,
        "show_value": True,
        "only_total": True,
    }


def _line(chart: Chart, number: str) -> dict[str, Any]:
    return _series(chart, number) | {"markerEnabled": True, "show_value": False, "seriesType": "line"}


def _pie(chart: Chart, number: str) -> dict[str, Any]:
    return {
        "groupby": [chart.by[0]],
        "metric": chart.metrics[0],
        "sort_by_metric": True,
        "donut": True,
        "innerRadius": 40,
        "outerRadius": 70,
        "label_type": "value",
        "labels_outside": False,
        "label_line": True,
        "show_labels": True,
        "show_labels_threshold": 5,
        "show_legend": True,
        "legendOrientation": "right",
        "legendType": "plain",
        "number_format": number,
    }


def _flow(chart: Chart, number: str) -> dict[str, Any]:
    return {"source": chart.by[0], "target": chart.by[1], "metric": chart.metrics[0], "sort_by_metric": True}


_OWN = {
    "number": _number,
    "table": _table,
    "rows": _rows,
    "columns": _columns,
    "ranking": _ranking,
    "line": _line,
    "pie": _pie,
    "flow": _flow,
}
