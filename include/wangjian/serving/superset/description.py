"""Read `dashboards/superset/`: datasets with their metrics, charts, dashboards. Reading checks all of it together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from wangjian.core.documents import read_yaml
from wangjian.core.errors import BadArguments
from wangjian.core.paths import PROJECT_ROOT
from wangjian.warehouse.labels import Label

SUPERSET = PROJECT_ROOT / "dashboards" / "superset"

ChartKind = Literal["number", "table", "rows", "columns", "ranking", "line", "pie", "flow"]
# YAML may give one name or a list of names
Names = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]


class _Strict(BaseModel):
    # an unknown key is most often a spelling mistake, which would otherwise have no effect and no message
    model_config = ConfigDict(frozen=True, extra="forbid")


class Metric(_Strict):
    """A metric of a dataset. Its label is its own, or that of a KPI, of a column, or of the column with its name.

    Attributes:
        sql: the aggregate expression.
        format: a d3 format; null if the metric is not a number.
        kpi: the code of the KPI that the metric computes.
        label_of: the column whose label the metric takes.
    """

    sql: str
    format: str | None = None
    zh: str | None = None
    en: str | None = None
    kpi: str | None = None
    label_of: str | None = None


class Dataset(_Strict):
    """A query on the published file.

    Attributes:
        name: the dataset's name; its UUID is derived from it.
        table: the published table whose labels the columns take.
        by_county: whether `region_code` says which county a row belongs to, so that counties may see their rows. The other
            datasets are for the city only.
        columns: labels of the columns that no published table has.
    """

    name: str
    zh: str
    en: str
    table: str
    sql: str
    by_county: bool = False
    columns: dict[str, Label] = Field(default_factory=dict)
    metrics: dict[str, Metric]


class Chart(_Strict):
    """A chart.

    Attributes:
        kind: the form: `number` is a tile, `table` has groups with metrics, `rows` has the rows themselves, `ranking` has
            horizontal bars with the largest on top, `flow` is a Sankey diagram from the first `by` to the second.
        by: the columns to group by, the axis first.
        split: the column whose values become series.
        where: the rows to show: a value or several values by column.
        sort: the column that orders `rows` and `table`.
        formats: d3 formats of the columns of `rows`.
        top: the end of the axis, which then starts at 0; if null, the values decide both.
    """

    zh: str
    en: str
    kind: ChartKind
    dataset: str
    metrics: Names = Field(default=(), alias="metric")
    by: Names = ()
    split: str | None = None
    columns: tuple[str, ...] = ()
    where: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    sort: str | None = None
    descending: bool = False
    limit: int = 1000
    stacked: bool = False
    formats: dict[str, str] = Field(default_factory=dict)
    top: float | None = None


class Filter(_Strict):
    """A filter of a dashboard: it selects values of a column in every chart whose dataset has that column.

    Attributes:
        dataset: the dataset that has the values to choose from.
        one: whether exactly one value is selected; the latest at the start.
        not_for: the charts to which the filter does not apply.
    """

    column: str
    dataset: str
    zh: str
    en: str
    one: bool = False
    not_for: tuple[str, ...] = ()


class Row(_Strict):
    """Charts next to each other: their widths in twelfths of the page, their common height in units of 8 pixels."""

    height: int
    charts: dict[str, int]


class Edition(_Strict):
    """The name and titles of a dashboard's edition for counties."""

    name: str
    zh: str
    en: str


class Dashboard(_Strict):
    """A dashboard for the city. Its edition for counties leaves out what counties may not see."""

    zh: str
    en: str
    filters: tuple[Filter, ...]
    rows: tuple[Row, ...]
    county_edition: Edition | None = None

    def chart_names(self) -> tuple[str, ...]:
        """Return the names of all charts, row by row."""
        return tuple(name for row in self.rows for name in row.charts)


class Description(_Strict):
    """The whole content of `dashboards/superset/`.

    Attributes:
        colours: colours by list of codes and code, for codes whose colour has a meaning.
    """

    colours: dict[str, dict[str, str]]
    datasets: dict[str, Dataset]
    charts: dict[str, Chart]
    dashboards: dict[str, Dashboard]

    def faults(self) -> Iterator[str]:
        """Yield every mistake: an unknown name, a chart on no dashboard, a row that is not twelve wide."""
        # Superset would import such a description and show an error box only when a person opens the dashboard
        for name, chart in self.charts.items():
            yield from self._faults_of_chart(name, chart)
        for name, dashboard in self.dashboards.items():
            yield from self._faults_of_dashboard(name, dashboard)
        unused = set(self.charts) - {
            chart for dashboard in self.dashboards.values() for chart in dashboard.chart_names()
        }
        yield from (f"charts.{name}: on no dashboard" for name in sorted(unused))

    def _faults_of_chart(self, name: str, chart: Chart) -> Iterator[str]:
        dataset = self.datasets.get(chart.dataset)
        if dataset is None:
            yield f"charts.{name}: no dataset {chart.dataset}"
            return
        unknown = set(chart.metrics) - set(dataset.metrics)
        yield from (f"charts.{name}: no metric {metric} in {chart.dataset}" for metric in sorted(unknown))

    def _faults_of_dashboard(self, name: str, dashboard: Dashboard) -> Iterator[str]:
        unknown = set(dashboard.chart_names()) - set(self.charts)
        yield from (f"dashboards.{name}: no chart {chart}" for chart in sorted(unknown))
        for row in dashboard.rows:
            if sum(row.charts.values()) != 12:
                yield f"dashboards.{name}: the row of {next(iter(row.charts))} is not twelve wide"
        for item in dashboard.filters:
            if item.dataset not in self.datasets:
                yield f"dashboards.{name}: no dataset {item.dataset}"
            if foreign := set(item.not_for) - set(dashboard.chart_names()):
                yield f"dashboards.{name}: the filter {item.column} names charts that are not on it: {sorted(foreign)}"


def load_description(folder: Path = SUPERSET) -> Description:
    """Read and check the description of the dashboards.

    Args:
        folder: the folder with `datasets/`, `charts/`, `dashboards.yml` and `colours.yml`.

    Returns:
        The description.

    Raises:
        BadArguments: a file is missing, is not YAML or breaks the schema, or a name refers to nothing. The message lists
            all mistakes, so that one run is enough to fix them.
    """
    try:
        datasets = [_read(path) for path in sorted((folder / "datasets").glob("*.yml"))]
        charts = [_read(path) for path in sorted((folder / "charts").glob("*.yml"))]
        content = {
            "datasets": {dataset["name"]: dataset for dataset in datasets},
            "charts": {name: _alias(chart) for file in charts for name, chart in file.items()},
            "dashboards": _read(folder / "dashboards.yml"),
            "colours": _read(folder / "colours.yml"),
        }
        description = Description.model_validate(content)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
    else:
        faults = list(description.faults())
        if not faults:
            return description
    fix = "correct the named entries of the YAML files"
    raise BadArguments(f"not a description of dashboards: {'; '.join(faults)}", folder=folder, fix=fix)


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = read_yaml(path, "a file of the dashboards", "restore it from the project")
    return content


def _alias(chart: dict[str, Any]) -> dict[str, Any]:
    """Return a chart with `metrics` renamed to `metric`: the YAML may use either word, for one metric or several."""
    return {("metric" if name == "metrics" else name): value for name, value in chart.items()}
