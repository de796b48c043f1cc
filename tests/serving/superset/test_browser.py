"""Open every dashboard in Chromium: in Chinese, without an error, without a request to the outside."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from serving.superset.conftest import Person, Superset
from wangjian.core.paths import PROJECT_ROOT

pytestmark = [pytest.mark.slow, pytest.mark.world("superset", minutes=3)]

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
# a box that Superset puts where a chart should be
ERRORS = ".ant-alert-error, .missing-chart-container, [role=alert]"
SCREENSHOTS = Path(os.environ.get("SCREENSHOTS", PROJECT_ROOT / "test-artefacts")) / "superset"
PATIENCE = 120_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium → apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


def page_of(browser: Browser, superset: Superset, person: Person) -> Page:
    """Yield a page after a login through the form."""
    page = browser.new_page(viewport={"width": 1600, "height": 2600}, locale="zh-CN")
    page.set_default_timeout(PATIENCE)
    page.goto(f"{superset.address}/login/")
    page.fill("#username", person.name)
    page.fill("#password", person.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/welcome/**")
    return page


@pytest.fixture(scope="module")
def page(browser: Browser, superset: Superset) -> Page:
    return page_of(browser, superset, superset.admin)


def look_at(page: Page, superset: Superset, slug: str, charts: int) -> None:
    """Open a dashboard and wait until each chart is drawn or has failed."""
    page.goto(f"{superset.address}/superset/dashboard/{slug}/")
    page.wait_for_function(f"() => document.querySelectorAll('.dashboard-component-chart-holder').length === {charts}")
    settle(page)


def settle(page: Page) -> None:
    """Wait until no request is pending and no spinner is shown."""
    page.wait_for_load_state("networkidle")
    page.wait_for_function("() => document.querySelectorAll('[data-test=loading-indicator], .loading').length === 0")
    page.wait_for_load_state("networkidle")


def keep(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


@pytest.mark.parametrize(
    ("slug", "title", "charts"),
    [("overview", "总览", 14), ("leads-and-cases", "线索与案件", 13), ("quality", "数据质量", 15)],
)
def test_a_dashboard_shows_its_charts(page: Page, superset: Superset, slug: str, title: str, charts: int) -> None:
    outside: list[Request] = []
    page.on("request", lambda request: outside.append(request) if _is_outside(request.url, superset) else None)
    look_at(page, superset, slug, charts)
    keep(page, slug)
    assert page.locator(ERRORS).all_inner_texts() == []
    assert page.title() == title
    assert english(page) == []
    assert page.locator(".dashboard-component-chart-holder canvas").count() >= 2
    # the pixel that would call home is held back by the browser
    assert [request.url for request in outside if request.failure != "csp"] == []


def english(page: Page) -> list[str]:
    """Return the words of the interface that should be Chinese."""
    assert page.get_by_text("看板", exact=True).count()
    words = ("Dashboards", "Settings", "Filters and controls", "Apply filters", "Clear all")
    return [word for word in words if page.get_by_text(word, exact=True).count()]


def _is_outside(url: str, superset: Superset) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and f"{parts.scheme}://{parts.netloc}" != superset.address


def tile(page: Page, title: str) -> float:
    """Return the number of a tile."""
    holder = page.locator(".dashboard-component-chart-holder", has=page.get_by_text(title, exact=True))
    text = holder.locator(".header-line").inner_text()
    return float(re.sub(r"[^\d.]", "", text))


KPI = """
    select value::double from reports.rpt_kpi
    where kpi_code = ? and region_code = ? and period_type = 'month' and period_start = ? and org_code = 'ALL'
        and storefront_type = 'ALL' and platform_code = 'ALL' and violation_code = 'ALL' and category_code = 'ALL'
        and source_code = 'ALL' and provider_code = 'ALL'
"""


def test_the_filters_change_the_numbers(page: Page, superset: Superset) -> None:
    look_at(page, superset, "overview", 14)
    # the last month, without anybody's doing
    assert tile(page, "监测主体数（家）") == superset.ask(KPI, "K01", "ALL", "2023-12-01")[0][0]
    choose(page, "县区", "章贡区")
    assert tile(page, "监测主体数（家）") == superset.ask(KPI, "K01", "360702", "2023-12-01")[0][0]
    choose(page, "月份", "2023-11")
    assert tile(page, "监测主体数（家）") == superset.ask(KPI, "K01", "360702", "2023-11-01")[0][0]
    assert tile(page, "本月线索（条）") == superset.ask(KPI, "K05_LEADS", "360702", "2023-11-01")[0][0]
    assert page.locator(ERRORS).all_inner_texts() == []


def choose(page: Page, name: str, value: str) -> None:
    """Choose a value in a filter and apply it."""
    box = page.locator("[data-test=filter-control-name]", has_text=name).locator("xpath=ancestor::*[.//input][1]")
    box.locator(".ant-select").first.click()
    page.locator(f".ant-select-item-option[title='{value}']").click()
    page.keyboard.press("Escape")
    page.locator("[data-test='filter-bar__apply-button']").click()
    settle(page)


def test_a_user_of_a_county_sees_its_dashboards(browser: Browser, superset: Superset) -> None:
    person = superset.create("browsing", "县区 360702 章贡区")
    page = page_of(browser, superset, person)
    look_at(page, superset, "overview-county", 12)
    keep(page, "overview-county")
    assert page.locator(ERRORS).all_inner_texts() == []
    assert tile(page, "监测主体数（家）") == superset.ask(KPI, "K01", "360702", "2023-12-01")[0][0]
    assert page.get_by_text("SQL", exact=True).count() == 0
    assert english(page) == []
    look_at(page, superset, "leads-and-cases-county", 13)
    keep(page, "leads-and-cases-county")
    assert page.locator(ERRORS).all_inner_texts() == []


def test_a_failing_chart_shows_the_error_box(page: Page, superset: Superset, chart_ids: dict[str, int]) -> None:
    """Check the check: a chart whose data fail shows the box whose absence the other tests assert."""
    page.route("**/api/v1/chart/data**", lambda route: route.fulfill(status=400, json={"message": "kaputt"}))
    page.goto(f"{superset.address}/superset/dashboard/quality/")
    page.wait_for_selector(ERRORS)
    page.unroute_all()
