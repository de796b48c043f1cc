"""The how-tos for developers, each followed in a fresh copy of the project: files written, commands run, answers compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from followed import check_files_listed, edit, files_touched, follow

from wangjian.core.paths import PROJECT_ROOT

HOW_TOS = PROJECT_ROOT / "docs" / "how-to"
PAGES = ("add-a-kpi", "add-a-provider", "add-a-published-column", "add-a-source", "change-a-time-limit")


def _text(page: str) -> str:
    return (HOW_TOS / f"{page}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_lists_every_file_that_its_steps_change(page: str) -> None:
    check_files_listed(_text(page))


@pytest.mark.parametrize("page", PAGES)
def test_the_edits_of_a_page_fit_the_project_as_it_is(clone: Path, page: str) -> None:
    edit(clone, _text(page))
    assert all((clone / path).is_file() for path in files_touched(_text(page)))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_how_to_check_and_what_can_go_wrong(page: str) -> None:
    headings = [line for line in _text(page).splitlines() if line.startswith("## ")]
    assert headings[0] == "## Files you touch"
    assert headings[-2:] == ["## How to check", "## What can go wrong"]


@pytest.mark.slow
@pytest.mark.parametrize("page", [pytest.param(page, marks=pytest.mark.world(page, minutes=1)) for page in PAGES])
def test_a_developer_gets_there(clone: Path, page: str) -> None:
    assert follow(clone, _text(page)) >= 3
