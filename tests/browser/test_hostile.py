"""Markup and script in rows are shown as text, and a warehouse without rows still makes pages."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser

from browser.conftest import Watched, watched
from wangjian.core.paths import DataRoot
from wangjian.serving.site import write_site

pytestmark = pytest.mark.slow

PAGES = ("overview", "leads", "cases", "platforms", "counties", "quality", "bulletin")
SCRIPT = "</script><script>window.hacked=1</script>"
IMAGE = '<img src=x onerror="window.hacked=1">{{ 7*7 }}'

HOSTILE = f"""
update marts.dim_platform set platform_name = '{SCRIPT}' where platform_code = 'MEITUAN';
update reports.rpt_platform_profile set platform_name = '{SCRIPT}' where platform_code = 'MEITUAN';
update reports.rpt_monthly_bulletin set member_name = '{SCRIPT}' where member_code = 'MEITUAN';
update marts.dim_violation_type set violation_name = '{IMAGE}', violation_name_en = '{IMAGE}' where violation_code = 'V07';
update marts.dim_region set region_name = '{SCRIPT}', region_name_en = '{SCRIPT}' where region_code = '360702';
update reports.rpt_deadline_watch set org_name = '{IMAGE}' where org_name is not null;
update marts.dim_kpi set kpi_name = '{SCRIPT}', formula = '" onmouseover="window.hacked=1' where kpi_code = 'K01';
update reports.rpt_published_figures set figure_name = '{IMAGE}', published_in = '{SCRIPT}';
update audit.publication set held = '{SCRIPT}';
insert into audit.held_dataset by name
    select 'jiangxi' as source, '' as provider, '{SCRIPT}' as dataset, date '2024-12-01' as counts_until,
        date '2024-12-02' as held_since, 'CONTROL_ROWS' as fail_codes, 29 as waiting_exports;
insert into audit.quarantine by name
    select 'q' || i as quarantine_key, 'jiangxi' as source, 'leads' as dataset, date '2024-11-05' as business_date,
        'CODE:result; {IMAGE}' as reason_codes
    from range(3) as t (i);
update audit.check_result set passed = false, observed = '{IMAGE}', message = '{SCRIPT}' where check_kind = 'gx';
"""
EMPTY = "".join(
    f"delete from {table};"
    for table in (
        "reports.rpt_kpi", "reports.rpt_lead_flow", "reports.rpt_verify_duration", "reports.rpt_deadline_watch",
        "reports.rpt_platform_profile", "reports.rpt_provider_scorecard", "reports.rpt_monthly_bulletin",
        "reports.rpt_published_figures", "audit.file_ledger", "audit.row_balance", "audit.check_result",
    )
)  # fmt: skip

Changed = Callable[[str], Path]


@pytest.fixture
def changed(year_2024: DataRoot, tmp_path: Path) -> Changed:
    """Return a function that runs SQL on a copy of the published file and writes its site."""

    def made(script: str) -> Path:
        data = DataRoot(tmp_path)
        data.published.mkdir()
        original = (year_2024.published / "warehouse.duckdb").resolve()
        copy = data.published / original.name
        shutil.copyfile(original, copy)
        with duckdb.connect(str(copy)) as connection:
            connection.execute(script)
        (data.published / "warehouse.duckdb").symlink_to(copy.name)
        return write_site(data).parent

    return made


@pytest.fixture
def open_all(browser: Browser) -> Iterator[Callable[[Path], Iterator[Watched]]]:
    """Return a function that opens every page of a site in both languages."""

    def opened(site: Path) -> Iterator[Watched]:
        screen = watched(browser, site)
        for language in ("zh", "en"):
            for name in PAGES:
                screen.open(name, language)
                yield screen
        screen.page.close()

    return opened


def test_no_row_becomes_markup_or_script(changed: Changed, open_all: Callable[[Path], Iterator[Watched]]) -> None:
    site = changed(HOSTILE)
    texts = []
    for screen in open_all(site):
        assert screen.complaints == []
        assert screen.outside() == []
        assert screen.page.evaluate("window.hacked") is None
        assert screen.page.locator("img").count() == 0
        texts.append(screen.page.inner_text("main"))
    zh = dict(zip(PAGES, texts, strict=False))
    for name, text in {
        "overview": IMAGE, "leads": IMAGE, "cases": IMAGE, "platforms": SCRIPT, "counties": SCRIPT, "quality": IMAGE, "bulletin": SCRIPT,
    }.items():  # fmt: skip
        assert text in zh[name], name


def test_bad_rows_and_held_datasets_are_shown(changed: Changed, browser: Browser) -> None:
    screen = watched(browser, changed(HOSTILE))
    page = screen.open("quality")
    assert "2024-12-01" in page.inner_text("#held")
    assert "行数与声明不符" in page.inner_text("#held-back")
    assert "29" in page.inner_text("#held-back")
    reasons = page.locator("#quarantine tbody tr")
    assert reasons.count() == 2
    assert "代码不在代码表中" in page.inner_text("#quarantine")
    assert {cell.strip() for cell in page.locator("#quarantine td.n").all_text_contents()} == {"3"}
    assert page.locator("#failed tbody tr").count() > 10
    page.close()


def test_a_warehouse_without_rows_makes_pages(changed: Changed, open_all: Callable[[Path], Iterator[Watched]]) -> None:
    site = changed(EMPTY)
    for screen in open_all(site):
        assert screen.complaints == []
        values = screen.page.locator("[data-kpi] .value").all_text_contents()
        assert "%" not in "".join(values)
        charts = screen.page.locator("[data-chart]:not(#map) .chart")
        assert not any(charts.nth(index).is_visible() for index in range(charts.count()))
