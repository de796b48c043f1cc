"""The model over one year: closed sets add up, history has no gaps, and no result depends on the order of rows."""

from __future__ import annotations

import duckdb
import pytest

from wangjian import publishing
from wangjian.core.paths import DataRoot
from wangjian.orchestration import pipeline

pytestmark = pytest.mark.slow

UNSLICED = """org_code = 'ALL' and violation_code = 'ALL' and category_code = 'ALL' and source_code = 'ALL' and provider_code = 'ALL'"""


def one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[object, ...]:
    row = connection.execute(query).fetchone()
    assert row
    return row


@pytest.mark.everyday
def test_the_warehouse_holds_a_whole_year(published: duckdb.DuckDBPyConnection) -> None:
    leads, cases, storefronts = one(
        published,
        "select (select count(*) from marts.fct_lead), (select count(*) from marts.fct_case), (select count(*) from marts.dim_storefront)",
    )
    assert (leads > 300, cases > 20, storefronts > 1000) == (True, True, True)  # type: ignore[operator]


@pytest.mark.everyday
def test_outcomes_of_closed_leads_are_a_closed_set(published: duckdb.DuckDBPyConnection) -> None:
    outcomes = "'FILED', 'ORDERED', 'MINOR', 'TRANSFERRED', 'UNFOUNDED', 'UNREACHABLE', 'DUPLICATE', 'NOT_JURISDICTION'"
    closed, with_outcome, open_with_outcome = one(
        published,
        f"""
        select count(*) filter (where closed_at is not null),
            count(*) filter (where closed_at is not null and result_code in ({outcomes})),
            count(*) filter (where closed_at is null and result_code is not null)
        from marts.fct_lead
        """,
    )
    assert closed == with_outcome
    assert open_with_outcome == 0


@pytest.mark.everyday
def test_decisions_and_penalties_add_up(published: duckdb.DuckDBPyConnection) -> None:
    decided, by_type = one(
        published,
        """
        select count(*) filter (where decided_on is not null),
            count(*) filter (where decision_type in ('PENALTY', 'NO_PENALTY', 'REVOKED', 'TRANSFERRED'))
        from marts.fct_case
        """,
    )
    assert decided == by_type
    totals, items = one(
        published,
        """
        select (select sum(penalty_total) from marts.fct_case),
            (select sum(amount) from marts.fct_case_penalty where is_fine or is_confiscation)
        """,
    )
    assert totals == items


@pytest.mark.everyday
@pytest.mark.parametrize("dimension", ["storefront_type", "region_code", "platform_code"])
def test_slices_of_the_stock_add_up_to_the_city(published: duckdb.DuckDBPyConnection, dimension: str) -> None:
    others = [name for name in ("storefront_type", "region_code", "platform_code") if name != dimension]
    wrong = published.execute(
        f"""
        select period_type, period_start
        from reports.rpt_kpi
        where kpi_code = 'K01' and {UNSLICED} and {others[0]} = 'ALL' and {others[1]} = 'ALL'
        group by all
        having sum(numerator) filter (where {dimension} <> 'ALL') is distinct from sum(numerator) filter (where {dimension} = 'ALL')
        """
    ).fetchall()
    assert wrong == []


@pytest.mark.everyday
def test_counties_add_up_for_every_sum(published: duckdb.DuckDBPyConnection) -> None:
    wrong = published.execute(
        f"""
        select kpi_code, period_type, period_start
        from reports.rpt_kpi
        inner join marts.dim_kpi using (kpi_code)
        where aggregation in ('count', 'ratio', 'stock') and slices like '%region_code%' and storefront_type = 'ALL'
            and platform_code = 'ALL' and {UNSLICED}
        group by all
        having coalesce(sum(numerator) filter (where region_code <> 'ALL'), 0) <> coalesce(sum(numerator) filter (where region_code = 'ALL'), 0)
        """
    ).fetchall()
    assert wrong == []


@pytest.mark.everyday
def test_a_storefront_has_one_version_on_any_day(published: duckdb.DuckDBPyConnection) -> None:
    wrong = published.execute(
        """
        select early.storefront_key
        from marts.dim_storefront as early
        inner join marts.dim_storefront as late using (storefront_key)
        where early.version_no < late.version_no and (early.valid_to is null or early.valid_to > late.valid_from)
        union all
        select storefront_key from marts.dim_storefront where valid_to <= valid_from
        """
    ).fetchall()
    assert wrong == []


@pytest.mark.everyday
def test_history_has_gaps_only_where_a_full_list_lacked_the_storefront(published: duckdb.DuckDBPyConnection) -> None:
    gaps = published.execute(
        """
        select early.valid_to
        from marts.dim_storefront as early
        inner join marts.dim_storefront as late on early.storefront_key = late.storefront_key and early.version_no + 1 = late.version_no
        where early.valid_to <> late.valid_from
            and early.valid_to not in (
                select business_date from audit.file_ledger where dataset = 'storefronts' and mode = 'full'
            )
        """
    ).fetchall()
    assert gaps == []


@pytest.mark.everyday
def test_kpis_without_a_source_say_so(published: duckdb.DuckDBPyConnection) -> None:
    kpis = published.execute(
        "select kpi_code, count(*), count(value) from reports.rpt_kpi where availability = 'no_source' group by all order by all"
    ).fetchall()
    assert [(code, count > 0, values) for code, count, values in kpis] == [
        ("K03", True, 0),
        ("P14", True, 0),
        ("P17", True, 0),
    ]


@pytest.mark.everyday
def test_every_kpi_is_there(published: duckdb.DuckDBPyConnection) -> None:
    # KPIs for which a year of this size has no case are listed here by name
    absent = published.execute(
        "select kpi_code from marts.dim_kpi where kpi_code not in (select kpi_code from reports.rpt_kpi) order by all"
    ).fetchall()
    assert {code for (code,) in absent} <= {"K16_POLICE", "K16_OTHER_AGENCY", "P15"}


def test_the_order_of_rows_on_disk_changes_nothing(year_2024: DataRoot) -> None:
    before = publishing.current(year_2024)
    for path in year_2024.raw.glob("*/*/*/*.parquet"):
        if not path.is_relative_to(year_2024.raw / "_ledger"):
            _reverse(str(path))
    pipeline.build(year_2024, force=True)
    pipeline.check(year_2024)
    after = pipeline.publish(year_2024)
    assert before
    assert not after.is_new
    assert after.publication.content_fingerprint == before.content_fingerprint


def _reverse(path: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"create table t as select *, row_number() over () as n from '{path}'")
        connection.execute(f"copy (select * exclude (n) from t order by n desc) to '{path}' (format parquet)")


@pytest.mark.everyday
def test_a_published_view_can_be_read_under_any_database_name(year_2024: DataRoot) -> None:
    """No view names a database. DuckDB would store that name, and the view could not be read where the file has another one."""
    with duckdb.connect(str(year_2024.warehouse), read_only=True) as connection:
        (count,) = one(connection, "select count(*) from marts.dim_storefront")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{year_2024.warehouse}' as elsewhere (read_only)")
        views = connection.execute(
            "select schema_name || '.' || view_name from duckdb_views() "
            "where database_name = 'elsewhere' and schema_name in ('marts', 'reports', 'audit')"
        ).fetchall()
        assert ("marts.dim_storefront",) in views
        assert one(connection, "select count(*) from elsewhere.marts.dim_storefront") == (count,)
        for (view,) in views:
            connection.execute(f"select * from elsewhere.{view}")
