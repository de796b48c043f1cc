"""A county sees its own rows and nothing else; the city sees all; nobody writes SQL."""

from __future__ import annotations

import pytest

from serving.superset.conftest import Person, Superset
from wangjian.publishing import load_labels
from wangjian.serving.superset.datasets import with_names
from wangjian.serving.superset.description import Description

pytestmark = [pytest.mark.slow, pytest.mark.world("superset", minutes=3)]

COUNTY, OTHER = "360702", "360703"


@pytest.fixture(scope="module")
def zhanggong(superset: Superset) -> Person:
    """A user with the role of the county 章贡区."""
    return superset.create("zhanggong", f"县区 {COUNTY} 章贡区")


@pytest.fixture(scope="module")
def city(superset: Superset) -> Person:
    return superset.create("shiju", "市局")


def test_there_is_a_role_for_each_county(superset: Superset) -> None:
    roles = {role["name"] for role in superset.admin.list("security/roles")}
    counties = superset.ask(
        "select region_code, region_name from marts.dim_region where region_level = 4 and valid_to is null"
    )
    assert len(counties) == 18
    assert {f"县区 {code} {name}" for code, name in counties} <= roles


def test_county_and_city_see_their_dashboards(zhanggong: Person, city: Person) -> None:
    assert {dashboard["dashboard_title"] for dashboard in zhanggong.list("dashboard")} == {"县区总览", "县区线索与案件"}
    assert {dashboard["dashboard_title"] for dashboard in city.list("dashboard")} == {"总览", "线索与案件", "数据质量"}
    assert zhanggong.client.get("/api/v1/dashboard/quality").status_code == 404
    assert zhanggong.client.get("/api/v1/dashboard/overview/charts").status_code == 404


def test_a_county_sees_its_own_rows_only(
    superset: Superset, zhanggong: Person, description: Description, dataset_ids: dict[str, int]
) -> None:
    labels = load_labels()
    for name, dataset in description.datasets.items():
        if dataset.by_county:
            query = f"select count(*), count(*) filter (where region_code = ?) from ({with_names(dataset, labels)})"
            everything, own = superset.ask(query, COUNTY)[0]
            rows = zhanggong.rows(dataset_ids[name], columns=["region_code"], metrics=[COUNT])
            assert rows == [{"region_code": COUNTY, "n": own}], name
            assert 0 < own < everything, name


COUNT = {"expressionType": "SQL", "sqlExpression": "count(*)", "label": "n"}


def test_a_countys_charts_say_what_sql_says(
    superset: Superset, zhanggong: Person, description: Description, chart_ids: dict[str, int]
) -> None:
    def total(chart: str) -> float:
        metric = description.charts[chart].metrics[0]
        rows = zhanggong.chart_data(chart_ids[chart]).raise_for_status().json()["result"][0]["data"]
        return sum(row[metric] for row in rows)

    own = f"where region_code = '{COUNTY}'"
    assert total("leads_by_month") == superset.ask(f"select count(*) from marts.fct_lead {own}")[0][0]
    assert total("cases_by_county") == superset.ask(f"select count(*) from marts.fct_case {own}")[0][0]
    assert total("overdue_by_organ") == superset.ask(f"select count(*) from reports.rpt_deadline_watch {own}")[0][0]


def test_what_has_no_county_is_not_for_counties(
    zhanggong: Person, description: Description, dataset_ids: dict[str, int], chart_ids: dict[str, int]
) -> None:
    city_only = {name for name, dataset in description.datasets.items() if not dataset.by_county}
    assert city_only >= {"published_figures", "quarantine", "row_balance", "checks", "providers", "publications"}
    for name in city_only:
        assert zhanggong.query(dataset_ids[name], metrics=[COUNT]).status_code == 403, name
    for name, chart in description.charts.items():
        if chart.dataset in city_only:
            assert zhanggong.chart_data(chart_ids[name]).status_code in (403, 404), name
    assert {dataset["table_name"] for dataset in zhanggong.list("dataset")} == set(description.datasets) - city_only


@pytest.mark.parametrize(
    "filters",
    [
        [{"col": "region_code", "op": "==", "val": OTHER}],
        [{"col": "region_name", "op": "IN", "val": ["南康区"]}],
    ],
)
def test_a_filter_does_not_widen_the_rule(
    zhanggong: Person, dataset_ids: dict[str, int], filters: list[dict[str, object]]
) -> None:
    assert zhanggong.rows(dataset_ids["leads"], columns=["region_code"], metrics=[COUNT], filters=filters) == []


@pytest.mark.parametrize(
    "sql",
    [
        "(select count(*) from marts.fct_lead)",
        "(select string_agg(operator_name, ',') from marts.dim_operator)",
        "count(*)) from marts.fct_lead --",
    ],
)
def test_a_custom_metric_does_not_read_past_the_rule(zhanggong: Person, dataset_ids: dict[str, int], sql: str) -> None:
    metric = {"expressionType": "SQL", "sqlExpression": sql, "label": "n"}
    answer = zhanggong.query(dataset_ids["leads"], metrics=[metric])
    assert answer.status_code >= 400 or "error" in answer.text


@pytest.mark.parametrize("where", ["1 = 1) or (1 = 1", "region_code = '360703' or 1 = 1", "exists (select 1)"])
def test_a_condition_of_ones_own_does_not_widen_the_rule(
    superset: Superset, zhanggong: Person, dataset_ids: dict[str, int], where: str
) -> None:
    extras = {"where": where, "having": ""}
    answer = zhanggong.query(dataset_ids["leads"], columns=["region_code"], metrics=[COUNT], extras=extras)
    if answer.status_code == 200:
        assert {row["region_code"] for row in answer.json()["result"][0]["data"]} <= {COUNTY}


def test_the_rule_also_holds_for_single_rows(
    superset: Superset, zhanggong: Person, dataset_ids: dict[str, int]
) -> None:
    rows = zhanggong.rows(dataset_ids["leads"], columns=["lead_key", "region_code"], metrics=None)
    keys = {key for (key,) in superset.ask("select lead_key from marts.fct_lead where region_code = ?", COUNTY)}
    assert {row["lead_key"] for row in rows} == keys


@pytest.mark.parametrize("who", ["zhanggong", "city"])
def test_no_sql_and_no_writing(who: str, request: pytest.FixtureRequest, dataset_ids: dict[str, int]) -> None:
    person: Person = request.getfixturevalue(who)
    sql = {"database_id": 1, "sql": "select * from marts.fct_lead", "client_id": who, "runAsync": False}
    assert person.client.post("/api/v1/sqllab/execute/", json=sql).status_code in (403, 404)
    assert person.client.get("/api/v1/database/").status_code in (403, 404)
    leads = dataset_ids["leads"]
    assert person.client.put(f"/api/v1/dataset/{leads}", json={"sql": "select 1"}).status_code in (403, 404)
    assert person.client.post("/api/v1/dataset/", json={"database": 1, "table_name": "x"}).status_code in (403, 404)
    assert person.client.get("/api/v1/rowlevelsecurity/").status_code in (403, 404)
    assert person.client.get("/api/v1/security/users/").status_code in (403, 404)


def test_the_city_sees_all(superset: Superset, city: Person, dataset_ids: dict[str, int]) -> None:
    assert (
        city.rows(dataset_ids["leads"], metrics=[COUNT])[0]["n"]
        == superset.ask("select count(*) from marts.fct_lead")[0][0]
    )
    assert city.query(dataset_ids["quarantine"], metrics=[COUNT]).status_code == 200


def test_a_user_of_two_counties_sees_both(superset: Superset, dataset_ids: dict[str, int]) -> None:
    both = superset.create("both", f"县区 {COUNTY} 章贡区", f"县区 {OTHER} 南康区")
    rows = both.rows(dataset_ids["leads"], columns=["region_code"], metrics=[COUNT])
    assert {row["region_code"] for row in rows} == {COUNTY, OTHER}


def test_a_role_that_we_did_not_define_sees_no_row(superset: Superset, dataset_ids: dict[str, int]) -> None:
    """The role Alpha may read every dataset; without a county's role or the city's, each has no rows."""
    alpha = superset.create("alpha", "Alpha")
    assert alpha.rows(dataset_ids["leads"], metrics=[COUNT]) == [{"n": 0}]


def test_without_login_there_is_nothing(superset: Superset, chart_ids: dict[str, int]) -> None:
    import httpx

    with httpx.Client(base_url=superset.address, trust_env=False) as nobody:
        assert nobody.get(f"/api/v1/chart/{chart_ids['lead_flow']}/data/").status_code in (401, 403, 404)
        assert nobody.get("/superset/dashboard/overview/").status_code == 302
