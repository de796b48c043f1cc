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
"""Ignored by git, kept for the person who runs the tests."""


@dataclass
class Watched:
    """A page of the browser with the errors and requests that it made."""

    page: Page
    site: Path
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, name: str, language: str = "zh", hash: str = "") -> Page:
        """Open a page of the site. Its scripts have drawn all figures and charts once this returns."""
        file = "index.html" if name == "overview" else f"{name}.html"
        place = self.site / file if language == "zh" else self.site / language / file
        self.page.goto("about:blank")
        self.page.goto(place.as_uri() + hash)
        assert self.page.inner_text("#age")
        return self.page

    def outside(self) -> list[str]:
        """Return the addresses of requests outside of the site's own folder."""
        home = self.site.resolve()
        inside = (self.site.as_uri(), home.as_uri(), "about:blank", "data:")
        return [address for address in self.requests if not address.startswith(inside)]


def chromium() -> str:
    """Return the path of the system's Chromium; skip the tests with a message if there is none."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("NO BROWSER TEST WAS RUN: there is no Chromium here → run .ci/install-system, or install chromium")
    return path


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
    """Return the site that the publication of the year wrote."""
    return year_2024.docs / "site"


def watched(browser: Browser, site: Path, size: str = "laptop") -> Watched:
    """Return a new page of the browser that records errors and requests."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
    screen = Watched(page, site)
    page.on("console", lambda message: screen.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: screen.complaints.append(f"error: {error}"))
    page.on("request", lambda request: screen.requests.append(request.url))
    return screen


@pytest.fixture
def screen(browser: Browser, site: Path) -> Iterator[Watched]:
    screen = watched(browser, site)
    yield screen
    screen.page.close()
