"""Which part of which page shows which KPI: the column `shown_on` of `seed_kpi`, its one home."""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path

from wangjian.core.errors import BadArguments
from wangjian.core.paths import DBT_PROJECT

SEED = DBT_PROJECT / "seeds" / "seed_kpi.csv"
BLOCKS = frozenset(
    {
        "overview.watched", "overview.found", "overview.handled", "overview.campaign",
        "overview.stock", "overview.lead_trend", "overview.case_trend",
        "leads.cards", "leads.definitions", "leads.trend", "leads.flow", "leads.violations",
        "cases.cards", "cases.stages", "cases.penalties", "cases.ranking", "cases.timeliness",
        "platforms.charts", "counties.map",
        "bulletin.region", "bulletin.platform", "bulletin.violation", "bulletin.category",
        "bulletin.watching", "bulletin.leads", "bulletin.cases", "bulletin.guidance", "bulletin.providers", "bulletin.campaign",
        "bulletin.actions", "bulletin.campaign_actions",
    }
)  # fmt: skip
"""`<page>.<block>`. The templates and scripts draw these; the seed fills them."""
_SINGLE = ("overview.stock", "leads.flow", "leads.violations")
"""Charts of one KPI: with none they could not be drawn, and a second would be left out in silence."""
_NEEDS = {
    "overview.stock": ("region_code", "storefront_type"),
    "leads.violations": ("region_code", "violation_code"),
    "cases.ranking": ("region_code", "violation_code"),
    "platforms.charts": ("platform_code",),
    "counties.map": ("region_code",),
    "bulletin.region": ("region_code",),
    "bulletin.platform": ("platform_code",),
    "bulletin.violation": ("violation_code",),
    "bulletin.category": ("category_code",),
}
"""Blocks that show a KPI by members. A KPI without these slices would have no figure there."""


@cache
def kpis_shown(block: str, seed: Path = SEED) -> tuple[str, ...]:
    """Return the KPIs of one block of a page, in their order.

    Args:
        block: one of `BLOCKS`.
        seed: the seed that lists the KPIs.

    Returns:
        Their codes; empty where the seed puts none there.

    Raises:
        BadArguments: the seed names a block that no page has, or an entry is not `block:position`; a KPI lacks a slice that the
            block needs; or a chart of one KPI has none or several.
    """
    codes = _blocks(seed).get(block, ())
    if block in _SINGLE and len(codes) != 1:
        raise BadArguments(
            f"shown_on: {block} shows one KPI, and the seed puts {len(codes)} there",
            file=seed.name,
            found=", ".join(codes) or "none",
            fix="leave one",
        )
    return codes


def blocks_of(page: str) -> dict[str, tuple[str, ...]]:
    """Return the blocks of a page, without the page's name, each with its KPIs in their order."""
    return {
        block.removeprefix(f"{page}."): kpis_shown(block) for block in sorted(BLOCKS) if block.startswith(f"{page}.")
    }


@cache
def _blocks(seed: Path) -> dict[str, tuple[str, ...]]:
    placed: dict[str, list[tuple[int, str]]] = defaultdict(list)
    with seed.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            for entry in filter(None, (row["shown_on"] or "").split(";")):
                block, position = _entry(entry, line, seed)
                _check_slices(block, row, line, seed)
                placed[block].append((position, row["kpi_code"]))
    return {block: tuple(code for _, code in sorted(codes)) for block, codes in placed.items()}


def _entry(entry: str, line: int, seed: Path) -> tuple[str, int]:
    block, _, position = entry.partition(":")
    if block not in BLOCKS or not position.isdecimal():
        raise BadArguments(
            f"shown_on: {entry!r} is not `block:position`, or no page has that block",
            file=seed.name,
            line=line,
            known=", ".join(sorted(BLOCKS)),
            fix="correct the seed",
        )
    return block, int(position)


def _check_slices(block: str, row: dict[str, str], line: int, seed: Path) -> None:
    missing = [name for name in _NEEDS.get(block, ()) if name not in (row["slices"] or "").split(";")]
    if missing:
        raise BadArguments(
            f"shown_on: {block} shows a KPI by {', '.join(missing)}, and {row['kpi_code']} has no such slice",
            file=seed.name,
            line=line,
            fix="add the slice and count by it, or leave the KPI out of the block",
        )
