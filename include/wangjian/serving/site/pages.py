"""Choose what each page shows: the values for its template and the data for its scripts.

This module only selects. Every figure is a row of the published file, so a page cannot disagree with the tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wangjian.serving.site.bulletins import bulletins
from wangjian.serving.site.facts import Row
from wangjian.serving.site.shared import Page, Site

STOCKS = ("K01", "K02", "K04")
LEADS = ("K05_LEADS", "K06_RECEIVED", "K06_VERIFIED", "K07", "K08", "K09", "K10_MEDIAN", "K20_OVERDUE", "K20_DUE_SOON")
CASES = ("K11_FILED", "K11_DECIDED", "K11_CLOSED", "K12_AMOUNT", "K12_PAID_RATE", "K13", "K14_20WD", "K14_7WD")
CAMPAIGN = tuple(f"P{number:02}" for number in range(1, 18))
GUIDANCE = ("K15_INTERVIEWS", "K15_VISITS", "K15_NOTICES", "K15_CHECKS")
COUNTY_KPIS = (
    "K01",
    "K02",
    "K04",
    "K05_LEADS",
    "K05_PER_THOUSAND",
    "K06_VERIFIED",
    "K08",
    "K20_OVERDUE",
    "K11_FILED",
    "K12_AMOUNT",
    "K13",
)
OWN = "X"
"""How the codes of a bureau's own KPIs begin: the page of counties shows them too."""
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


def _data(site: Site, kpi_codes: Iterable[str], by: tuple[str, str], **more: Any) -> dict[str, Any]:
    """What every page with filters gives its scripts."""
    found = list(kpi_codes)
    return {
        "as_of": site.facts.as_of.isoformat(),
        "periods": [_period(row) for row in site.periods],
        "regions": site.regions,
        "member": by[1],
        "kpis": {code: site.kpi(code) for code in found},
        "values": site.facts.kpi_values(found, by),
        **more,
    }


def _period(row: Row) -> dict[str, Any]:
    return {"code": row["period"], "type": row["period_type"], "running": row["is_running"]}


def _overview(site: Site) -> Page:
    groups = (
        ("watched", STOCKS),
        ("found", ("K05_LEADS", "K06_VERIFIED", "K20_OVERDUE")),
        ("handled", ("P16", "K11_FILED", "K11_DECIDED", "K12_AMOUNT")),
    )
    campaign = (*CAMPAIGN, *GUIDANCE)
    codes = tuple(dict.fromkeys((*(code for _, group in groups for code in group), *campaign)))
    shown = {
        "groups": groups,
        "campaign": campaign,
        "figures": site.facts.rows("published_figure"),
        "watch": _watch(site),
        "kpi_codes": codes,
        "members": site.words.codes("storefront_type"),
        "member_label": "storefront_type",
    }
    data = _data(site, codes, ("region_code", "storefront_type"), members=shown["members"])
    return Page("overview", "index.html", shown, data)


def _watch(site: Site) -> dict[str, dict[str, int]]:
    """Return the number of open items by kind and state; 0 where there is none."""
    found = {(row["item_type"], row["watch_status"]): row["item_count"] for row in site.facts.rows("watch_summary")}
    states = site.words.codes("watch_status")
    return {item: {state: found.get((item, state), 0) for state in states} for item in site.words.codes("item_type")}


def _leads(site: Site) -> Page:
    window = {"since": site.facts.since, "as_of": site.facts.as_of}
    limits = site.facts.rows("verify_limit", as_of=site.facts.as_of)
    limit = limits[0]["day_count"] if limits else None
    codes = LEADS
    shown = {
        "cards": ("K05_LEADS", "K20_OVERDUE", "K20_DUE_SOON", "K06_VERIFIED", "K06_RECEIVED", "K07", "K08", "K09"),
        "kpi_codes": codes,
        "limit": limit,
        "members": site.violations,
        "member_label": "violation",
    }
    data = _data(
        site,
        codes,
        ("region_code", "violation_code"),
        members=site.violations,
        limit=limit,
        flow=[list(row.values()) for row in site.facts.rows("lead_flow", **window)],
        duration=[list(row.values()) for row in site.facts.rows("verify_duration", **window)],
        organs=[list(row.values()) for row in site.facts.rows("watch_organ")],
        codes={kind: site.words.codes(kind) for kind in ("source", "verify_status", "outcome", "watch_status")},
    )
    return Page("leads", "leads.html", shown, data)


def _cases(site: Site) -> Page:
    items = site.facts.rows("open_item")
    shown = {
        "cards": CASES,
        "kpi_codes": CASES,
        "items": items,
        "members": site.violations,
        "member_label": "violation",
    }
    return Page(
        "cases",
        "cases.html",
        shown,
        _data(site, CASES, ("region_code", "violation_code"), members=site.violations),
    )


def _platforms(site: Site) -> Page:
    codes = ("K01", "K04", "K11_FILED", "K12_AMOUNT")
    rows = site.facts.rows("platform")
    shown = {"rows": rows, "kpi_codes": codes}
    names = {row["platform_code"]: row["platform_name"] for row in rows}
    # none of these is counted by provider: one slice is enough
    data = _data(site, codes, ("platform_code", "provider_code"), platforms=names)
    return Page("platforms", "platforms.html", shown, data)


def _counties(site: Site) -> Page:
    kinds = site.words.codes("storefront_type")
    codes = (*COUNTY_KPIS, *_own_of_counties(site))
    shown = {"kpi_codes": codes, "members": kinds, "member_label": "storefront_type", "regions": site.regions}
    return Page(
        "counties",
        "counties.html",
        shown,
        _data(site, codes, ("region_code", "storefront_type"), members=kinds),
    )


def _own_of_counties(site: Site) -> tuple[str, ...]:
    return tuple(code for code in site.kpis if code.startswith(OWN) and "region_code" in site.kpi(code)["by"])


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
