"""Measure how long the dashboards' queries take on the published file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import duckdb

from wangjian.serving.superset.datasets import with_names
from wangjian.serving.superset.description import Chart, Dataset, load_description
from wangjian.warehouse.labels import load_labels

# runs that count; the median leaves out one that another process slowed down
TIMES = 3


def latencies(published: Path) -> dict[str, float]:
    """Return the milliseconds of each chart's query, each on its own connection.

    Args:
        published: the DuckDB file that BI opens.

    Returns:
        By chart, the median of `TIMES` runs after a first one that does not count.
    """
    return {name: _milliseconds(published, query) for name, query in chart_queries()}


def _milliseconds(published: Path, query: str) -> float:
    with duckdb.connect(str(published), read_only=True) as connection:
        taken = []
        for _ in range(TIMES + 1):
            started = time.perf_counter()
            connection.execute(query).fetchall()
            taken.append((time.perf_counter() - started) * 1000)
    # the first run also reads the file from the disk, which depends on what ran before
    return median(taken[1:])


def chart_queries() -> Iterator[tuple[str, str]]:
    """Yield the name and SQL of every chart that has a metric, from the description of the dashboards."""
    description, labels = load_description(), load_labels()
    for name, chart in description.charts.items():
        if chart.metrics:
            dataset = description.datasets[chart.dataset]
            yield name, _query(chart, dataset, with_names(dataset, labels))


def _query(chart: Chart, dataset: Dataset, sql: str) -> str:
    by = [*chart.by, *([chart.split] if chart.split else [])]
    metrics = [dataset.metrics[name].sql for name in chart.metrics]
    conditions = [_condition(column, value) for column, value in chart.where.items()]
    return (
        f"select {', '.join([*by, *metrics])} from ({sql}) as asked"
        + (f" where {' and '.join(conditions)}" if conditions else "")
        + (f" group by {', '.join(by)}" if by else "")
    )


def _condition(column: str, values: str | tuple[str, ...]) -> str:
    listed = (values,) if isinstance(values, str) else values
    texts = ", ".join(f"'{value}'" for value in listed)
    return f"{column} in ({texts})"
