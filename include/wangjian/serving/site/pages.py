"""Choose what each page shows: the values for its template and the data for its scripts.

This module only selects. Every figure is a row of the published file, so a page cannot disagree with the tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wangjian.serving.site.bulletins import bulletins
from wangjian.serving.site.facts import Row
from wangjian.serving.site.shared import Page, Site

PAGES = ("overview", "leads", "cases", "platforms", "counties", "quality", "bulletin")


def pages_of(site: Site) -> Iterable[Page]:
    """Yield all pages of one language, one at a time.

    Args:
        site: what all pages share.

    Yields:
        The pages; the newest bulletin is also there as `bulletin.html`.
    """
    for make in (_overview, _leads, _cases, _platforms, _counties, _quality):
        yield make(site)
    yield from bulletins(site)


def _data(site: Site, page: str, by: tuple[str, str], **more: Any) -> dict[str, Any]:
    """Return the data that every page with filters gives its scripts."""
    codes = site.kpis_of(page)
    return {
        "as_of": site.facts.as_of.isoformat(),
        "periods": [_period(row) for row in site.periods],
        "regions": site.regions,
        "member": by[1],
        "blocks": site.blocks(page),
        "kpis": {code: site.kpi(code) for code in codes},
        "values": site.facts.kpi_values(codes, by),
        **more,
    }


def _period(row: Row) -> dict[str, Any]:
    return {"code": row["period"], "type": row["period_type"], "running": row["is_running"]}


def _overview(site: Site) -> Page:
    blocks = site.blocks("overview")
    shown = {
        "groups": [(name, blocks[name]) for name in ("watched", "found", "handled")],
        "campaign": blocks["campaign"],
        "figures": site.facts.rows("published_figure"),
        "watch": _watch(site),
        "kpi_codes": site.kpis_of("overview"),
        "members": site.words.codes("storefront_type"),
        "member_label": "storefront_type",
    }
    data = _data(site, "overview", ("region_code", "storefront_type"), members=shown["members"])
    return Page("overview", "index.html", shown, data)


def _watch(site: Site) -> dict[str, dict[str, int]]:
    """Return the number of open items by kind and state; 0 where there is none."""
    counts = {(row["item_type"], row["watch_status"]): row["item_count"] for row in site.facts.rows("watch_summary")}
    states = site.words.codes("watch_status")
    return {item: {state: counts.get((item, state), 0) for state in states} for item in site.words.codes("item_type")}


def _leads(site: Site) -> Page:
    window = {"since": site.facts.since, "as_of": site.facts.as_of}
    limits = site.facts.rows("verify_limit", as_of=site.facts.as_of)
    limit = limits[0]["day_count"] if limits else None
    shown = {
        "cards": site.blocks("leads")["cards"],
        "kpi_codes": site.kpis_of("leads"),
        "limit": limit,
        "members": site.violations,
        "member_label": "violation",
    }
    data = _data(
        site,
        "leads",
        ("region_code", "violation_code"),
        members=site.violations,
        limit=limit,
        # lists, not objects: the names of the columns in every row would multiply the size of the page
        flow=[list(row.values()) for row in site.facts.rows("lead_flow", **window)],
        duration=[list(row.values()) for row in site.facts.rows("verify_duration", **window)],
        organs=[list(row.values()) for row in site.facts.rows("watch_organ")],
        codes={kind: site.words.codes(kind) for kind in ("source", "verify_status", "outcome", "watch_status")},
    )
    return Page("leads", "leads.html", shown, data)


def _cases(site: Site) -> Page:
    items = site.facts.rows("open_item")
    shown = {
        "cards": site.blocks("cases")["cards"],
        "kpi_codes": site.kpis_of("cases"),
        "items": items,
        "members": site.violations,
        "member_label": "violation",
    }
    return Page(
        "cases",
        "cases.html",
        shown,
        _data(site, "cases", ("region_code", "violation_code"), members=site.violations),
    )


def _platforms(site: Site) -> Page:
    rows = site.facts.rows("platform")
    shown = {"rows": rows, "charts": site.blocks("platforms")["charts"], "kpi_codes": site.kpis_of("platforms")}
    names = {row["platform_code"]: row["platform_name"] for row in rows}
    # no KPI of this page is counted by provider: the second slice has only the value for all providers
    data = _data(site, "platforms", ("platform_code", "provider_code"), platforms=names)
    return Page("platforms", "platforms.html", shown, data)


def _counties(site: Site) -> Page:
    kinds = site.words.codes("storefront_type")
    codes = site.blocks("counties")["map"]
    shown = {"kpi_codes": codes, "members": kinds, "member_label": "storefront_type", "regions": site.regions}
    return Page(
        "counties",
        "counties.html",
        shown,
        _data(site, "counties", ("region_code", "storefront_type"), members=kinds),
    )


def _quality(site: Site) -> Page:
    facts = site.facts
    window = {"since": facts.since, "as_of": facts.as_of}
    names = {row["provider_code"]: site.named(row, "provider_name") for row in facts.rows("provider")}
    shown = {
        "balances": facts.rows("source_balance"),
        "reasons": facts.rows("quarantine_reason"),
        "summary": facts.rows("check_summary"),
        "failed": facts.rows("check_failed"),
        "runs": facts.rows("check_run"),
        "cards_of": facts.rows("scorecard"),
        "providers": names,
        "members": site.words.codes("source"),
    }
    data = {
        "as_of": facts.as_of.isoformat(),
        "sources": site.words.codes("source"),
        "rows": [list(row.values()) for row in facts.rows("quarantine_month", **window)],
    }
    return Page("quality", "quality.html", shown, data)
