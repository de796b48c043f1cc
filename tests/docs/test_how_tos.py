"""The how-tos for developers, each followed in a fresh copy of the project: files written, commands run, answers compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from followed import check_files_listed, follow

from wangjian.core.paths import PROJECT_ROOT

HOW_TOS = PROJECT_ROOT / "docs" / "how-to"
PAGES = ("add-a-provider", "add-a-published-column", "change-a-time-limit")


def _text(page: str) -> str:
    return (HOW_TOS / f"{page}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_lists_every_file_that_its_steps_change(page: str) -> None:
    check_files_listed(_text(page))


@pytest.mark.slow
@pytest.mark.parametrize("page", [pytest.param(page, marks=pytest.mark.world(page, minutes=1)) for page in PAGES])
def test_a_developer_gets_there(clone: Path, page: str) -> None:
    assert follow(clone, _text(page)) >= 3
