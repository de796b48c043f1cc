"""Take the README's two pictures from the site of the demonstration: `make demo`, then `make pictures`."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from wangjian.core.paths import data_root

HEIGHTS = {"overview": 1500, "leads": 1350}
"""Pixels of each page that are shown; the width is 1920."""


def main() -> None:
    """Write `site-<page>.webp` next to this file.

    Raises:
        SystemExit: there is no site or no Chromium; the message says what to run.
    """
    site = data_root().root / "docs" / "site"
    path = shutil.which("chromium")
    if not (site / "index.html").exists() or path is None:
        sys.exit("no site, or no Chromium → run `make demo`, and `.ci/install-system` for Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for name, height in HEIGHTS.items():
            # the figures of a whole year: the demonstration ends with one
            page = browser.new_page(viewport={"width": 1920, "height": height})
            page.goto((site / ("index.html" if name == "overview" else f"{name}.html")).as_uri())
            page.wait_for_selector("#age:not(:empty)")
            picture = Image.open(io.BytesIO(page.screenshot()))
            picture.save(Path(__file__).with_name(f"site-{name}.webp"), quality=80)
        browser.close()


if __name__ == "__main__":
    main()
