"""The monthly bulletin as web pages: one page for every month in the warehouse, laid out for printing on A4."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from string import Formatter
from typing import Any

from wangjian.serving.site.facts import Row
from wangjian.serving.site.numbers import number
from wangjian.serving.site.shared import Page, Site

SECTIONS = ("REGION", "PLATFORM", "VIOLATION", "CATEGORY")
GROUPS = ("watching", "leads", "cases", "guidance", "providers", "campaign")
LARGEST_PLATFORMS = 15


def bulletins(site: Site) -> Iterable[Page]:
    """Yield the bulletin page of each month, the newest first; the newest is also there as `bulletin.html`.

    Args:
        site: what all pages share.

    Yields:
        The pages. Without any month there is one page, `bulletin.html`, that says so: the menu links to it.
    """
    months = [row["month_start"] for row in site.facts.rows("bulletin_month", as_of=site.facts.as_of)]
    categories = {row["category_code"]: site.named(row, "category_name") for row in site.facts.rows("category")}
    if not months:
        yield Page("bulletin", "bulletin.html", {"month": None, "months": []}, has_filters=False)
    for place, month in enumerate(months):
        page = _bulletin(site, month, months, categories)
        yield Page("bulletin", bulletin_file(month), page, has_filters=False)
        # the menu links to one address that does not change with the months
        if place == 0:
            yield Page("bulletin", "bulletin.html", page, has_filters=False)


def bulletin_file(month: date) -> str:
    """Return the file name of a month's bulletin page."""
    return f"bulletin-{month:%Y-%m}.html"


def _bulletin(site: Site, month: date, months: list[date], categories: dict[str, str]) -> dict[str, Any]:
    rows = site.facts.rows("bulletin", month=month)
    totals = {row["kpi_code"]: row for row in rows if row["section"] == "TOTAL"}
    blocks = site.blocks("bulletin")
    sections = [_section(site, name, blocks[name.lower()], rows, categories) for name in SECTIONS]
    groups = [(group, [totals[code] for code in blocks[group] if code in totals]) for group in GROUPS]
    summary = {
        code: number(_known(site, code, totals.get(code))) for code in _named_in(site.words.text["bulletin_summary"])
    }
    return {"month": month, "months": months, "totals": groups, "sections": sections, "summary": summary}


def _named_in(text: str) -> list[str]:
    """Return the KPIs that a text names as `{code}`."""
    return [name for _, name, _, _ in Formatter().parse(text) if name and name != "month"]


def _section(
    site: Site, section: str, wanted: tuple[str, ...], rows: list[Row], categories: dict[str, str]
) -> tuple[str, list[str], list[tuple[str, list[Any]]]]:
    """Return one table of a bulletin: its name, its KPIs, and each member's values."""
    cells = {(row["member_code"], row["kpi_code"]): row for row in rows if row["section"] == section}
    codes = [code for code in wanted if any(kpi == code for _, kpi in cells)]
    if not codes:
        return section, [], []
    names = {row["member_code"]: row["member_name"] for row in cells.values()}
    members = _members(site, section, names, categories)
    lines = [(name, [_known(site, kpi, cells.get((code, kpi))) for kpi in codes]) for code, name in members]
    return section, codes, _busiest(lines) if section == "PLATFORM" else lines


def _known(site: Site, kpi_code: str, row: Row | None) -> Any:
    """Return the value of a row. Without a row, a count is 0; a stock or a ratio is not known (null)."""
    value = row["value"] if row else None
    return 0 if value is None and site.kpi(kpi_code)["counts"] else value


def _busiest(lines: list[tuple[str, list[Any]]]) -> list[tuple[str, list[Any]]]:
    """Return the platforms with the most storefronts and those with events in the month.

    It leaves out the others, so that the table stays readable.
    """
    largest = sorted((cells[0] or 0 for _, cells in lines), reverse=True)[:LARGEST_PLATFORMS]
    least = largest[-1] if largest else 0
    return [line for line in lines if (line[1][0] or 0) >= max(least, 1) or any(line[1][2:])]


def _members(site: Site, section: str, names: dict[str, str], categories: dict[str, str]) -> list[tuple[str, str]]:
    """Return members with their names, in the order of their codes. Platforms have a Chinese name only."""
    reviewed = {"REGION": site.regions, "VIOLATION": site.violations, "CATEGORY": categories}.get(section, {})
    none = {"NONE": site.words.text["none"]}
    return [(code, none.get(code) or reviewed.get(code) or name) for code, name in sorted(names.items())]
