"""Compare each chart, read through Superset's interface, with SQL on the published file."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from serving.superset.conftest import Superset
from wangjian.publishing import load_labels
from wangjian.serving.superset.datasets import with_names
from wangjian.serving.superset.description import Chart, Dataset, Description

pytestmark = [pytest.mark.slow, pytest.mark.world("superset", minutes=3)]


def test_every_chart_says_what_sql_says(
    superset: Superset, description: Description, chart_ids: dict[str, int]
) -> None:
    for name, chart in description.charts.items():
        answer = superset.admin.chart_data(chart_ids[name])
        assert answer.status_code == 200, f"{name}: {answer.text}"
        shown = [tuple(map(_plain, row.values())) for row in answer.json()["result"][0]["data"]]
        wanted = [tuple(map(_plain, row)) for row in superset.ask(_sql(chart, description.datasets[chart.dataset]))]
        assert sorted(map(repr, shown)) == sorted(map(repr, wanted)), name


def test_the_results_of_the_faults_are_shown(superset: Superset, chart_ids: dict[str, int]) -> None:
    def first(name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = superset.admin.chart_data(chart_ids[name]).json()["result"][0]["data"]
        return rows

    (bad,) = superset.ask("select count(*) from audit.quarantine")[0]
    assert bad > 0
    assert first("tile_quarantined") == [{"quarantined_row_count": bad}]
    assert first("tile_unaccounted") == [{"rows_unaccounted": 0}]
    assert first("held_datasets"), "the dataset that is held back is not shown"
    assert first("failed_checks"), "the failed checks are not shown"


@pytest.mark.parametrize(
    ("chart", "query"),
    [
        ("leads_by_county", "select count(*) from marts.fct_lead"),
        ("cases_by_county", "select count(*) from marts.fct_case"),
        ("penalties_by_county", "select sum(penalty_total) from marts.fct_case where decided_on is not null"),
        ("verify_span", "select count(*) from marts.fct_lead"),
        ("overdue_by_organ", "select count(*) from reports.rpt_deadline_watch"),
        ("row_balance", "select sum(rows_read) from audit.row_balance"),
    ],
)
def test_totals_are_those_of_the_marts(
    superset: Superset, description: Description, chart_ids: dict[str, int], chart: str, query: str
) -> None:
    rows = superset.admin.chart_data(chart_ids[chart]).json()["result"][0]["data"]
    metric = "total_rows_read" if chart == "row_balance" else description.charts[chart].metrics[0]
    assert sum(row[metric] for row in rows) == pytest.approx(float(superset.ask(query)[0][0]))
    assert rows


@pytest.mark.parametrize(
    ("dataset", "metric", "kpi", "stage"),
    [
        ("storefronts", "storefront_count", "K01", None),
        ("leads", "lead_count", "K05_LEADS", None),
        ("case_stages", "case_count", "K11_FILED", "立案"),
        ("case_stages", "penalty_amount", "K12_AMOUNT", "决定"),
    ],
)
def test_a_metric_with_the_name_of_a_kpi_is_that_kpi(
    superset: Superset, dataset_ids: dict[str, int], dataset: str, metric: str, kpi: str, stage: str | None
) -> None:
    filters = [{"col": "stage_name", "op": "==", "val": stage}] if stage else []
    rows = superset.admin.rows(
        dataset_ids[dataset], columns=["month", "region_code"], metrics=[metric], filters=filters
    )
    shown = {(row["month"], row["region_code"]): row[metric] for row in rows if row[metric]}
    query = """
        select strftime(period_start, '%Y-%m'), region_code, value::double
        from reports.rpt_kpi
        where kpi_code = ? and period_type = 'month' and region_code <> 'ALL' and value <> 0 and org_code = 'ALL'
            and storefront_type = 'ALL' and platform_code = 'ALL' and violation_code = 'ALL' and category_code = 'ALL'
            and source_code = 'ALL' and provider_code = 'ALL'
    """
    # in two months no fine is decided yet: there, both must say nothing
    assert shown or kpi == "K12_AMOUNT"
    assert shown == {(month, region): value for month, region, value in superset.ask(query, kpi)}


def test_kpis_of_the_city_one_county_and_several(superset: Superset, dataset_ids: dict[str, int]) -> None:
    def of(kpi: str, *counties: str) -> float | None:
        filters = [
            {"col": "kpi_code", "op": "==", "val": kpi},
            {"col": "period_type", "op": "==", "val": "month"},
            {"col": "month", "op": "==", "val": "2023-12"},
            *([{"col": "region_code", "op": "IN", "val": counties}] if counties else []),
        ]
        value: float | None = superset.admin.rows(dataset_ids["kpi"], metrics=["kpi_value"], filters=filters)[0][
            "kpi_value"
        ]
        return value

    def said(kpi: str, measure: str, *regions: str) -> list[float]:
        query = f"""
            select {measure}::double from reports.rpt_kpi
            where kpi_code = ? and period_type = 'month' and period_start = '2023-12-01' and list_contains(?, region_code)
                and org_code = 'ALL' and storefront_type = 'ALL' and platform_code = 'ALL' and violation_code = 'ALL'
                and category_code = 'ALL' and source_code = 'ALL' and provider_code = 'ALL'
            order by region_code
        """
        return [value for (value,) in superset.ask(query, kpi, list(regions))]

    pair = ("360702", "360703")
    assert [of("K01")] == said("K01", "value", "ALL")
    assert [of("K01", "360702")] == said("K01", "value", "360702")
    assert of("K01", *pair) == sum(said("K01", "value", *pair))
    share = 100 * sum(said("K02", "numerator", *pair)) / sum(said("K02", "denominator", *pair))
    assert of("K02", *pair) == pytest.approx(share)
    # a median of two counties cannot be had from their medians
    assert of("K10_MEDIAN", *pair) is None
    assert said("K10_MEDIAN", "value", *pair)


def test_a_stock_is_never_summed_over_months(superset: Superset, dataset_ids: dict[str, int]) -> None:
    over_all = superset.admin.rows(dataset_ids["storefronts"], metrics=["storefront_count"])
    assert over_all == [{"storefront_count": None}]


def test_columns_and_metrics_have_their_chinese_labels(superset: Superset, dataset_ids: dict[str, int]) -> None:
    dataset = superset.admin.client.get(f"/api/v1/dataset/{dataset_ids['leads']}").json()["result"]
    columns = {column["column_name"]: column["verbose_name"] for column in dataset["columns"]}
    comments = superset.ask(
        "select column_name, split_part(comment, ' | ', 1) from duckdb_columns() where table_name = 'fct_lead'"
    )
    shared = {name: label for name, label in comments if name in columns}
    assert len(shared) >= 5
    assert {name: columns[name] for name in shared} == shared
    assert {metric["metric_name"]: metric["verbose_name"] for metric in dataset["metrics"]}[
        "lead_count"
    ] == "线索数(条)"


def test_the_file_cannot_be_written_and_leads_nowhere_else(superset: Superset) -> None:
    def run(sql: str) -> str:
        databases = superset.admin.list("database")
        question = {"database_id": databases[0]["id"], "sql": sql, "runAsync": False, "client_id": secrets.token_hex(5)}
        return superset.admin.client.post("/api/v1/sqllab/execute/", json=question).text

    assert '"lead_count":' in run("select count(*) as lead_count from marts.fct_lead").replace('": ', '":')
    assert "error" in run("delete from marts.fct_lead")
    assert "disabled" in run("select * from read_csv('/etc/passwd')")
    assert "locked" in run("set enable_external_access = true")


def _sql(chart: Chart, dataset: Dataset) -> str:
    """Return the chart's query, written without Superset."""
    metrics = [dataset.metrics[metric].sql for metric in chart.metrics]
    groups = [*chart.by, *([chart.split] if chart.split else [])]
    asked = ", ".join([*(chart.columns or groups), *metrics])
    conditions = [f"{column} in ({_texts(value)})" for column, value in chart.where.items()]
    where = f"where {' and '.join(conditions)}" if conditions else ""
    grouped = f"group by {', '.join(groups)}" if groups else ""
    order = f"order by {metrics[0]} desc" if chart.limit < 1000 else ""
    return (
        f"select {asked} from ({with_names(dataset, load_labels())}) as t {where} {grouped} {order} limit {chart.limit}"
    )


def _texts(value: str | tuple[str, ...]) -> str:
    return ", ".join(f"'{text}'" for text in ((value,) if isinstance(value, str) else value))


def _plain(value: object) -> object:
    """Return a value in one form for numbers and times, whichever driver it came from."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, date):
        return round(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
    assert isinstance(value, (int, float, Decimal)), value
    # milliseconds since 1970 come as floats
    return round(float(value)) if abs(value) > 10**12 else round(float(value), 4)
