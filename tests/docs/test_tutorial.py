"""The tutorial as a newcomer does it: its files written, its commands run, its answers compared, in a fresh copy of the project."""

from __future__ import annotations

from pathlib import Path

import pytest
from followed import BLOCK, follow

from wangjian.core.paths import PROJECT_ROOT

pytestmark = [pytest.mark.slow, pytest.mark.world("tutorial", minutes=1)]

TEXT = (PROJECT_ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def test_a_newcomer_gets_there(clone: Path) -> None:
    assert [block["kind"] for block in BLOCK.finditer(TEXT)].count("console") == 5
    assert follow(clone, TEXT) >= 5
    site = clone / "data-tutorial" / "docs" / "site"
    assert "三日核查率" in (site / "counties.html").read_text(encoding="utf-8")
    assert "Verified within three working days" in (site / "en" / "counties.html").read_text(encoding="utf-8")
