"""Open every page in both languages at three sizes: no errors, no requests to the outside, accessible to everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from browser.conftest import SCREENSHOTS, SIZES, Watched, watched

pytestmark = pytest.mark.slow

PAGES = ("overview", "leads", "cases", "platforms", "counties", "quality", "bulletin")
CHARTS = {
    "overview": ("stock", "lead-trend", "case-trend"),
    "leads": ("flow", "duration", "lead-trend", "organs", "violations"),
    "cases": ("stages", "penalties", "violations", "counties"),
    "counties": ("map",),
}
MOST_BYTES = 2 * 1024 * 1024


@pytest.fixture(params=[pytest.param(size, marks=pytest.mark.everyday if size == "laptop" else ()) for size in SIZES])
def at_size(request: pytest.FixtureRequest, browser: Browser, site: Path) -> Iterator[tuple[str, Watched]]:
    screen = watched(browser, site, request.param)
    yield request.param, screen
    screen.page.close()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_page_opens(at_size: tuple[str, Watched], name: str, language: str) -> None:
    size, screen = at_size
    page = screen.open(name, language)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}-{language}-{size}.png", full_page=True)
    assert screen.complaints == []
    assert screen.outside() == []
    assert len(screen.requests) >= 3
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "wider than the screen"
    assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[language]
    for chart in CHARTS.get(name, ()):
        assert page.locator(f"#{chart}[data-drawn] svg path").count() > 0, chart


@pytest.mark.parametrize(
    ("name", "language"), [*((name, "zh") for name in PAGES), ("overview", "en"), ("bulletin", "en")]
)
def test_a_page_is_accessible(screen: Watched, name: str, language: str) -> None:
    """The tool axe finds no violation of WCAG 2 A and AA: contrast, names, labels, order."""
    page = screen.open(name, language)
    rules = {
        "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
        "resultTypes": ["violations"],
    }
    for mode in ("desk", "wall") if name in ("overview", "counties") else ("desk",):
        page.evaluate("mode => { document.documentElement.dataset.mode = mode; }", mode)
        results = Axe().run(page, options=rules)
        assert [
            (rule["id"], [node["html"] for node in rule["nodes"]][:3]) for rule in results.response["violations"]
        ] == []
        assert len(results.response["passes"]) > 5


@pytest.mark.parametrize("name", PAGES)
def test_page_is_light_and_self_contained(site: Path, name: str) -> None:
    file = site / ("index.html" if name == "overview" else f"{name}.html")
    text = file.read_text(encoding="utf-8")
    assets = [site / address for address in re.findall(r'(?:src|href)="(assets/[^"]+)"', text)]
    assert len(assets) >= 3
    assert file.stat().st_size + sum(asset.stat().st_size for asset in assets) < MOST_BYTES
    for part in (file, *assets):
        addresses = re.findall(r"https?://[\w./-]+", part.read_text(encoding="utf-8"))
        # XML namespaces look like addresses, but no browser requests them
        assert [address for address in addresses if "www.w3.org/" not in address] == [], part.name


def test_every_county_is_on_the_map(screen: Watched) -> None:
    page = screen.open("counties")
    drawn = set(page.locator("#map svg text").all_text_contents())
    table = page.locator("#county-table tbody th").all_text_contents()
    assert len(table) == 18
    assert set(table) <= drawn
    assert {"赣县区", "龙南市", "南康区"} <= drawn
    assert not {"赣县", "龙南县", "南康市"} & drawn
    codes = page.locator("#county-table tbody td:nth-child(3)").all_text_contents()
    assert {"360704", "360783", "360703"} <= set(codes)
    assert "审图号" in page.inner_text("#map")


def test_keyboard_reaches_everything(screen: Watched) -> None:
    page = screen.open("platforms")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    seen = _tab_through(screen, 25)
    assert {"type", "search", "local"} <= seen
    # choose a row and sort a column without a mouse
    first = page.locator("#profiles tbody .choose").first
    first.focus()
    page.keyboard.press("Enter")
    assert first.get_attribute("aria-pressed") == "true"
    assert page.inner_text("#chosen-name") == first.inner_text()
    head = page.locator("#profiles thead th").nth(5)
    head.locator("button").focus()
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "descending"
    counts = [
        int(text.replace(",", "")) for text in page.locator("#profiles tbody td:nth-child(6)").all_text_contents()
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 0


def _tab_through(screen: Watched, times: int) -> set[str]:
    seen = set()
    for _ in range(times):
        screen.page.keyboard.press("Tab")
        place = screen.page.evaluate(
            "(({id, tagName}) => [id || tagName, getComputedStyle(document.activeElement).outlineStyle])(document.activeElement)"
        )
        assert place[1] != "none", f"the focus on {place[0]} cannot be seen"
        seen.add(place[0])
    return seen


def test_wall_screen_is_remembered(screen: Watched) -> None:
    page = screen.open("overview")
    page.locator("#wall").focus()
    page.keyboard.press("Space")
    assert page.get_attribute("#wall", "aria-pressed") == "true"
    page.click("nav a[href^='leads']")
    page.wait_for_url("**/leads.html#*")
    assert page.get_attribute("html", "data-mode") == "wall"
    assert not page.locator("#filters").is_visible()


def test_bulletin_prints_on_a4(screen: Watched) -> None:
    page = screen.open("bulletin")
    page.emulate_media(media="print")
    assert not page.locator("header.frame").is_visible()
    assert not page.locator(".months").is_visible()
    # A4 less its margins, at 96 dots an inch
    page.set_viewport_size({"width": 673, "height": 1000})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    paper = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper)
    assert 1 <= len(boxes) <= 8
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {(595, 842)}
    (SCREENSHOTS / "bulletin.pdf").write_bytes(paper)
