"""The site of the second year in a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from wangjian.core.paths import PROJECT_ROOT, DataRoot

SIZES = {"phone": (390, 844), "laptop": (1366, 768), "wall": (1920, 1080)}
SCREENSHOTS = PROJECT_ROOT / "test-artefacts" / "site"
"""Ignored by git; kept by whoever runs the tests."""


@dataclass
class Watched:
    """A page of the browser, and all that it complained of or asked for."""

    page: Page
    site: Path
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, name: str, language: str = "zh", hash: str = "") -> Page:
        """Open a page of the site; its scripts have run once it is loaded, and its figures and charts stand."""
        file = "index.html" if name == "overview" else f"{name}.html"
        place = self.site / file if language == "zh" else self.site / language / file
        self.page.goto("about:blank")
        self.page.goto(place.as_uri() + hash)
        assert self.page.inner_text("#age")
        return self.page

    def outside(self) -> list[str]:
        """What was asked for beyond the site's own folder."""
        home = self.site.resolve()
        inside = (self.site.as_uri(), home.as_uri(), "about:blank", "data:")
        return [address for address in self.requests if not address.startswith(inside)]


def chromium() -> str:
    """The system's Chromium; without one the tests are skipped, and say so."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("NO BROWSER TEST WAS RUN: there is no Chromium here → run .ci/install-system, or install chromium")
    return found


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
    path = chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=quiet)
        yield started
        started.close()


@pytest.fixture(scope="package")
def site(year_2024: DataRoot) -> Path:
    """The site that the publication of the year made."""
    return year_2024.docs / "site"


def watched(browser: Browser, site: Path, size: str = "laptop") -> Watched:
    """A fresh page of the browser."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
    found = Watched(page, site)
    page.on("console", lambda message: found.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: found.complaints.append(f"error: {error}"))
    page.on("request", lambda request: found.requests.append(request.url))
    return found


@pytest.fixture
def screen(browser: Browser, site: Path) -> Iterator[Watched]:
    found = watched(browser, site)
    yield found
    found.page.close()
