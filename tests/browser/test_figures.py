"""The figures of the pages equal SQL on the published file for every choice of filters; `—` without a value."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from playwright.sync_api import expect

from browser.conftest import Watched

pytestmark = pytest.mark.slow

SLICES = (
    "region_code", "org_code", "storefront_type", "platform_code", "violation_code", "category_code", "source_code", "provider_code",
)  # fmt: skip


def written(value: Decimal | float | int | None, unit: str = "") -> str:
    """Return a figure as the pages write it, formatted independently of the code of the site."""
    if value is None:
        return "—"
    value = Decimal(value)
    if unit == "%":
        return f"{value:,.1f}%"
    return f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.1f}"


def expected(
    published: duckdb.DuckDBPyConnection, code: str, period: tuple[str, str], **chosen: str
) -> tuple[str, str]:
    """Return a KPI from SQL: the value, and numerator / denominator of a ratio."""
    unit, aggregation, slices, availability = published.execute(
        "select unit, aggregation, coalesce(slices, ''), availability from marts.dim_kpi where kpi_code = ?", [code]
    ).fetchone() or ("", "", "", "")
    if availability != "ok" or any(value != "ALL" and name not in slices.split(";") for name, value in chosen.items()):
        return "—", ""
    where = " and ".join(f"{name} = '{chosen.get(name, 'ALL')}'" for name in SLICES)
    row = published.execute(
        f"select value, numerator, denominator from reports.rpt_kpi where kpi_code = ? and period_type = ? and period_start = ? and {where}",
        [code, *period],
    ).fetchone()
    if row is None:
        return ("0" if aggregation in ("count", "distinct") else "—"), ""
    value, numerator, denominator = row
    return written(value, unit), "" if denominator is None else f"{written(numerator)} / {written(denominator)}"


def shown(screen: Watched) -> dict[str, tuple[str, str]]:
    """Return the value and note of every KPI on the page."""
    rows: list[list[str]] = screen.page.evaluate(
        "[...document.querySelectorAll('[data-kpi]')].map(e => [e.dataset.kpi, e.querySelector('.value').textContent, e.querySelector('.note').textContent])"
    )
    return {code: (value, note) for code, value, note in rows}


def table(screen: Watched, selector: str) -> list[list[str]]:
    """Return the visible rows of a table as text."""
    rows: list[list[str]] = screen.page.evaluate(
        "s => [...document.querySelectorAll(s + ' tbody tr')].filter(r => !r.hidden).map(r => [...r.cells].map(c => c.textContent.trim().replace(/\\s+/g, ' ')))",
        selector,
    )
    return rows


CHOICES = (
    ("2024", ("year", "2024-01-01"), "ALL", "ALL"),
    ("2024Q2", ("quarter", "2024-04-01"), "ALL", "ALL"),
    ("2024-11", ("month", "2024-11-01"), "360702", "ALL"),
    ("2024-03", ("month", "2024-03-01"), "360702", "SECOND"),
)


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: "-".join((choice[0], *choice[2:])))
@pytest.mark.parametrize(
    ("name", "second", "member"),
    [
        ("overview", "storefront_type", "TAKEOUT"),
        ("leads", "violation_code", "V07"),
        ("cases", "violation_code", "V01"),
    ],
)
def test_figures_equal_sql(
    screen: Watched, published: duckdb.DuckDBPyConnection, name: str, second: str, member: str, choice: tuple[Any, ...]
) -> None:
    code, period, region, other = choice
    chosen = {"region_code": region, second: member if other == "SECOND" else "ALL"}
    page = screen.open(name)
    page.select_option("#period", code)
    page.select_option("#region", chosen["region_code"])
    page.select_option("#member", chosen[second])
    figures = shown(screen)
    assert len(figures) >= 8
    wanted = {kpi: expected(published, kpi, period, **chosen) for kpi in figures}
    assert {kpi: value for kpi, (value, _) in figures.items()} == {kpi: value for kpi, (value, _) in wanted.items()}
    for kpi, (_, share) in wanted.items():
        assert share in figures[kpi][1], kpi
    # the test has something to compare
    assert any(value != "—" for value, _ in wanted.values())


def test_counties_equal_sql(screen: Watched, published: duckdb.DuckDBPyConnection) -> None:
    page = screen.open("counties", hash="#period=2024&kpi=K06_VERIFIED")
    assert page.input_value("#kpi") == "K06_VERIFIED"
    rows = {row[2]: (row[1], row[3], row[4]) for row in table(screen, "#county-table")}
    names = dict(
        published.execute(
            "select region_code, region_name from marts.dim_region where region_level = 4 and valid_to is null"
        ).fetchall()
    )
    assert len(rows) == 18
    for code, name in names.items():
        value, share = expected(published, "K06_VERIFIED", ("year", "2024-01-01"), region_code=code)
        assert rows[code] == (name, value, share)
    ranks = [row[3] for row in table(screen, "#county-table") if row[3] != "—"]
    assert ranks == sorted(ranks, key=lambda text: -float(text.rstrip("%")))


def test_flow_and_durations_add_up(screen: Watched, published: duckdb.DuckDBPyConnection) -> None:
    page = screen.open("leads", hash="#period=2024")
    sources = {"五级贯通系统", "江西专版", "第三方服务"}
    links = table(screen, "#flow .as-table")
    flow = sum(int(count.replace(",", "")) for origin, _, count in links if origin in sources)
    leads = published.sql("select count(*) from marts.fct_lead where year(discovered_at) = 2024").fetchone()
    assert leads == (flow,)
    assert flow > 300
    by_outcome = dict(
        published.sql(
            "select coalesce(result_code, 'OPEN'), count(*) from marts.fct_lead where year(discovered_at) = 2024 group by 1"
        ).fetchall()
    )
    filed = sum(int(count) for _, outcome, count in links if outcome == "立案")
    still_open = sum(int(count) for _, outcome, count in links if outcome == "未办结")
    assert (filed, still_open) == (by_outcome["FILED"], by_outcome["OPEN"])

    page.select_option("#region", "360702")
    durations = table(screen, "#duration .as-table")
    on_time, late = (sum(int(row[column]) for row in durations) for column in (1, 2))
    wanted = published.sql(
        "select count(*) filter (where not was_late), count(*) filter (where was_late) from marts.fct_lead "
        "where year(verify_ended_at) = 2024 and region_code = '360702'"
    ).fetchone()
    assert wanted == (on_time, late)
    assert on_time > 0


def test_organs_follow_the_county(screen: Watched, published: duckdb.DuckDBPyConnection) -> None:
    page = screen.open("leads")
    for region in ("ALL", "360702"):
        page.select_option("#region", region)
        rows = table(screen, "#organs .as-table")
        wanted = published.execute(
            "select count(*) filter (where watch_status = 'OVERDUE'), count(*) from reports.rpt_deadline_watch "
            "where item_type = 'LEAD' and ($region = 'ALL' or region_code = $region)",
            {"region": region},
        ).fetchone()
        overdue = sum(int(row[1]) for row in rows)
        assert wanted == (overdue, sum(int(cell) for row in rows for cell in row[1:]))
        assert overdue > 0


def test_stock_is_shown_at_each_months_end(screen: Watched, published: duckdb.DuckDBPyConnection) -> None:
    """The stock is never added up over months: the last row is the stock of December, and so is the card of the year."""
    screen.open("overview", hash="#period=2024")
    last = table(screen, "#stock .as-table")[-1]
    assert last[0] == "2024-12"
    shown_kinds = sum(int(cell.replace(",", "")) for cell in last[1:] if cell != "—")
    (stock,) = published.sql(
        "select count(*) from marts.fct_storefront_monthly where month_start = '2024-12-01' and is_active"
    ).fetchone() or (0,)
    assert shown_kinds == stock
    assert shown(screen)["K01"][0] == f"{stock:,}"


def test_published_figures_and_deadlines_equal_sql(screen: Watched, published: duckdb.DuckDBPyConnection) -> None:
    screen.open("overview")
    rows = table(screen, "#figures")
    wanted = published.sql(
        "select year, published_value, is_lower_bound, warehouse_value, agrees from reports.rpt_published_figures order by year desc, figure_code"
    ).fetchall()
    assert [row[1:4] for row in rows] == [
        [str(year), written(value) + ("+" if bound else ""), written(counted)]
        for year, value, bound, counted, _ in wanted
    ]
    assert ["✔" in row[4] for row in rows] == [agrees for *_, agrees in wanted]
    watch = dict(
        published.sql(
            "select item_type || '-' || watch_status, count(*) from reports.rpt_deadline_watch group by all"
        ).fetchall()
    )
    cells = screen.page.locator("[data-watch]")
    for cell in range(cells.count()):
        place = cells.nth(cell)
        assert place.inner_text() == str(watch.get(place.get_attribute("data-watch"), 0))
    assert cells.count() == 9


def test_platforms_equal_sql_and_follow_filters(screen: Watched, published: duckdb.DuckDBPyConnection) -> None:
    page = screen.open("platforms")
    wanted = published.sql(
        "select platform_name, storefront_count, operator_count, licence_displayed_rate, licence_displayed_count, licence_checked_count, "
        "lead_count, case_count, penalty_total from reports.rpt_platform_profile order by storefront_count desc, platform_code"
    ).fetchall()
    rows = table(screen, "#profiles")
    assert len(rows) == len(wanted) > 20
    for row, (name, stores, operators, rate, displayed, checked, leads, cases, penalty) in zip(
        rows, wanted, strict=True
    ):
        assert row[0].removesuffix(" 辖区") == name
        licence = written(None if rate is None else rate * 100, "%") + (
            f" {displayed:,} / {checked:,}" if checked else ""
        )
        assert [row[2], row[3], row[4]] == [written(stores), written(operators), licence]
        assert [row[5], row[7], row[8]] == [written(leads), written(cases), written(penalty)]
    page.select_option("#type", "CATERING")
    page.check("#local")
    count = published.sql(
        "select count(*) from reports.rpt_platform_profile where platform_type = 'CATERING' and is_local"
    ).fetchone()
    assert count == (len(table(screen, "#profiles")),)
    page.fill("#search", "没有这个平台")
    assert table(screen, "#profiles") == []
    assert page.locator("#profiles .empty").is_visible()
    page.click("button[type=reset]")
    expect(page.locator("#profiles tbody tr[hidden]")).to_have_count(0)
    assert len(table(screen, "#profiles")) == len(wanted)


def test_quality_equals_sql(screen: Watched, published: duckdb.DuckDBPyConnection) -> None:
    page = screen.open("quality")
    wanted = published.sql(
        "select sum(rows_read), sum(rows_loaded), sum(rows_quarantined), sum(rows_superseded) from audit.row_balance group by source, provider order by source, provider"
    ).fetchall()
    assert [row[5:] for row in table(screen, "#balance")] == [[written(cell) for cell in row] for row in wanted]
    scores = published.sql(
        "select strftime(month_start, '%Y-%m'), submitted_count, accuracy_rate, judged_count, location_rate, region_judged_count "
        "from reports.rpt_provider_scorecard order by month_start desc, provider_code"
    ).fetchall()
    rows = table(screen, "#scorecard")
    for row, (month, submitted, accuracy, judged, location, located) in zip(rows, scores, strict=True):
        assert [row[0], row[2]] == [month, written(submitted)]
        for cell, rate, base in ((row[3], accuracy, judged), (row[8], location, located)):
            wanted_cell = "—" if rate is None else f"{written(rate * 100, '%')} ({base:,})"
            assert cell.removesuffix(" 低") == wanted_cell
    page.select_option("#month", "2024-06")
    assert {row[0] for row in table(screen, "#scorecard")} == {"2024-06"}
    page.select_option("#source", "jiangxi")
    assert {row[0] for row in table(screen, "#balance")} == {"江西专版"}
    checks = published.sql(
        "select count(*) from audit.check_result where passed and run_id = (select max_by(run_id, checked_at) from audit.check_result where check_kind = 'gx') and check_kind = 'gx'"
    ).fetchone()
    assert checks == (sum(int(row[2]) for row in table(screen, "#checks") if row[0] == "期望检查"),)


def test_bulletin_equals_sql(screen: Watched, published: duckdb.DuckDBPyConnection) -> None:
    page = screen.open("bulletin-2024-10")
    wanted = published.sql(
        "select b.kpi_code, b.value, b.change_on_month, b.unit from reports.rpt_monthly_bulletin as b "
        "where b.month_start = '2024-10-01' and b.section = 'TOTAL'"
    ).fetchall()
    rows: dict[str, list[str]] = dict(
        page.evaluate(
            "[...document.querySelectorAll('.totals tr[data-kpi]')].map(r => [r.dataset.kpi, [...r.cells].map(c => c.textContent)])"
        )
    )
    assert set(rows) == {code for code, *_ in wanted}
    for code, value, change, unit in wanted:
        assert rows[code][1] == written(value, unit), code
        signed = "—" if change is None else written(abs(change), unit).rstrip("%")
        assert rows[code][4].lstrip("+−") == signed, code
    counties = table(screen, "table[data-section=REGION]")
    assert len(counties) == 18
    zhanggong = published.sql(
        "select value from reports.rpt_monthly_bulletin where month_start = '2024-10-01' and section = 'REGION' and member_code = '360702' and kpi_code = 'K01'"
    ).fetchone()
    assert zhanggong
    assert next(row for row in counties if row[0] == "章贡区")[1] == written(zhanggong[0])
    links = page.locator(".months a").count()
    assert links == 12


def test_filters_are_kept_on_other_pages_and_languages(screen: Watched) -> None:
    page = screen.open("overview")
    page.select_option("#period", "2024-05")
    page.select_option("#region", "360783")
    before = shown(screen)["K01"]
    assert "period=2024-05" in page.url
    page.click("#language")
    page.wait_for_url("**/en/index.html#*")
    assert page.input_value("#region") == "360783"
    assert page.inner_text("h1") == "Overview"
    assert page.locator("#region option:checked").inner_text() == "Longnan"
    assert shown(screen)["K01"] == before
    page.click("nav a[href^='cases']")
    page.wait_for_url("**/en/cases.html#*")
    assert (page.input_value("#period"), page.input_value("#region")) == ("2024-05", "360783")
    page.click("button[type=reset]")
    expect(page.locator("#region")).to_have_value("ALL")
    assert page.input_value("#period") == "2024"


def test_a_kpi_that_is_not_counted_by_the_filter_says_so(screen: Watched) -> None:
    """K20 is not counted by violation, and K14 has no case in a quiet month: the page shows a dash and the reason, never 0."""
    page = screen.open("leads", hash="#period=2024&violation_code=V07")
    assert shown(screen)["K20_OVERDUE"] == ("—", "不按此口径统计")
    page.goto("about:blank")
    screen.open("cases", hash="#period=2024-01&region_code=360702")
    dashes = [code for code, (value, _) in shown(screen).items() if value == "—"]
    assert "K14_20WD" in dashes
    assert shown(screen)["K11_FILED"][0] != "—"


def test_the_page_shows_the_age_of_the_data(screen: Watched) -> None:
    screen.page.clock.set_fixed_time("2025-01-04T09:00:00+08:00")
    page = screen.open("overview")
    assert page.inner_text("#as-of") == "2024-12-31"
    assert page.inner_text("#age") == "数据距今 3 天"
