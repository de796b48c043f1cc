"""Make datasets in Superset's import format: columns from the published file, labels from `labels.yml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from wangjian.core.errors import BadArguments
from wangjian.serving.superset.description import SUPERSET, Dataset, Metric
from wangjian.serving.superset.identity import DATABASE, VERSION, uuid_of
from wangjian.warehouse.labels import Label, Labels

_NAME_OF = re.compile(r"name_of\('(?P<list>\w+)', (?P<column>[\w.]+)\)")
_TIMES = ("DATE", "TIMESTAMP")


@dataclass(frozen=True)
class Source:
    """The published file and the labels, from which the columns get their types and names.

    Attributes:
        published: a connection to the published file.
        labels: the names of columns and codes.
    """

    published: duckdb.DuckDBPyConnection
    labels: Labels


def dataset_file(dataset: Dataset, source: Source) -> dict[str, Any]:
    """Return a dataset as a file of the import.

    Args:
        dataset: the dataset's description.
        source: the published file and the labels.

    Returns:
        The content of the file.

    Raises:
        BadArguments: the query does not run on the published file, a label or a list of codes is missing, or the dataset is
            declared by county and has no `region_code`.
    """
    sql = with_names(dataset, source.labels)
    columns = _columns(dataset, sql, source.published)
    # the row rules filter by this column: without it every county would see every row, or an error
    if dataset.by_county and "region_code" not in columns:
        raise _wrong(dataset, "is by county, but has no column region_code")
    return {
        "version": VERSION,
        "uuid": uuid_of("dataset", dataset.name),
        "database_uuid": uuid_of("database", DATABASE),
        "table_name": dataset.name,
        "schema": None,
        "is_managed_externally": True,
        "catalog": None,
        "description": f"{dataset.zh}: {dataset.en}",
        "sql": sql,
        "main_dttm_col": None,
        "filter_select_enabled": True,
        "columns": [_column(dataset, name, kind, source.labels) for name, kind in columns.items()],
        "metrics": [_metric(dataset, name, metric, source) for name, metric in dataset.metrics.items()],
    }


def with_names(dataset: Dataset, labels: Labels) -> str:
    """Return the dataset's query with each `name_of('list', column)` replaced by the Chinese names of the codes.

    A code that is not in the list stays as it is.
    """

    def written_out(match: re.Match[str]) -> str:
        codes = labels.codes.get(match["list"])
        if codes is None:
            raise _wrong(dataset, f"names the list of codes {match['list']}, which labels.yml does not have")
        whens = " ".join(f"when '{code}' then '{label.zh}'" for code, label in codes.items())
        text = f"cast({match['column']} as varchar)"
        # written into the query: the labels are a file of the project, which Superset cannot read
        return f"case {text} {whens} else {text} end"

    return _NAME_OF.sub(written_out, dataset.sql).strip()


def _columns(dataset: Dataset, sql: str, published: duckdb.DuckDBPyConnection) -> dict[str, str]:
    try:
        # `describe` plans the query without running it: it finds mistakes and returns the types
        described = published.execute(f"describe {sql}").fetchall()
    except duckdb.Error as error:
        raise _wrong(dataset, f"does not run on the published file: {error}") from error
    return {name: kind for name, kind, *_ in described}


def _column(dataset: Dataset, name: str, kind: str, labels: Labels) -> dict[str, Any]:
    # one source of labels: a column has the same name here, in exports and in the site
    label = dataset.columns.get(name) or labels.label_of_column(dataset.table, name)
    if label is None:
        raise _wrong(dataset, f"has the column {name}, which has no label")
    return {
        "column_name": name,
        "verbose_name": label.zh,
        "description": label.en,
        "type": kind,
        "is_dttm": kind.startswith(_TIMES),
        "is_active": True,
        "groupby": True,
        "filterable": True,
        "expression": None,
    }


def _metric(dataset: Dataset, name: str, metric: Metric, source: Source) -> dict[str, Any]:
    label = next(_labels_of_metric(dataset, name, metric, source), None)
    if label is None:
        raise _wrong(dataset, f"has the metric {name}, which has no label")
    return {
        "metric_name": name,
        "verbose_name": label.zh,
        "description": label.en,
        "expression": metric.sql.strip(),
        "d3format": metric.format,
        "metric_type": None,
    }


def _labels_of_metric(dataset: Dataset, name: str, metric: Metric, source: Source) -> Iterator[Label]:
    """Yield the labels that a metric may have, the most specific first: its own, its KPI's, a column's."""
    if metric.zh and metric.en:
        yield Label(zh=metric.zh, en=metric.en)
    if metric.kpi:
        yield _label_of_kpi(dataset, metric.kpi, source.published)
    if label := source.labels.label_of_column(dataset.table, metric.label_of or name):
        yield label


def _label_of_kpi(dataset: Dataset, code: str, published: duckdb.DuckDBPyConnection) -> Label:
    query = (
        "select kpi_name || '(' || unit || ')', kpi_name_en || ': ' || formula_en from marts.dim_kpi where kpi_code = ?"
    )
    row = published.execute(query, [code]).fetchone()
    if row is None:
        raise _wrong(dataset, f"names the KPI {code}, which dim_kpi does not have")
    return Label(zh=row[0], en=row[1])


def _wrong(dataset: Dataset, fault: str) -> BadArguments:
    file = SUPERSET / "datasets" / f"{dataset.name}.yml"
    return BadArguments(f"the dataset {dataset.name} {fault}", file=file, fix="fix the description or the labels")
