"""What each page shows: what its template is given, and what its scripts read. Selecting only: every figure is a row of the published file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from wangjian.site.facts import Facts, Row
from wangjian.site.wording import Wording

STOCKS = ("K01", "K02", "K04")
LEADS = ("K05_LEADS", "K06_RECEIVED", "K06_VERIFIED", "K07", "K08", "K09", "K10_MEDIAN", "K20_OVERDUE", "K20_DUE_SOON")
CASES = ("K11_FILED", "K11_DECIDED", "K11_CLOSED", "K12_AMOUNT", "K13", "K14_20WD", "K14_7WD")
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
PAGES = ("overview", "leads", "cases", "platforms", "counties", "quality", "bulletin")


@dataclass(frozen=True)
class Page:
    """One page in one language.

    Attributes:
        name: of its template, its script and, but for bulletins and the first page, its file.
        file: its file name.
        shown: what the template is given.
        data: what the scripts read; it stands in the page as JSON.
        has_filters: whether its figures follow filters: it loads the scripts.
    """

    name: str
    file: str
    shown: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    has_filters: bool = True


@dataclass(frozen=True)
class Site:
    """What all pages of one language share."""

    facts: Facts
    words: Wording
    kpis: dict[str, Row]
    regions: dict[str, str]
    violations: dict[str, str]
    periods: tuple[Row, ...]

    def named(self, row: Row, column: str) -> str:
        """A name in the site's language, from a row that has `<column>` and `<column>_en`."""
        return named(self.words, row, column)

    def kpi(self, code: str) -> dict[str, Any]:
        """What a script must know of a KPI."""
        row = self.kpis[code]
        slices = (row["slices"] or "").split(";")
        return {
            "name": self.named(row, "kpi_name"),
            "unit": unit_of(self.words, row),
            "counts": row["aggregation"] in ("count", "distinct"),
            "by": [name for name in slices if name],
            "formula": self.named(row, "formula"),
            "available": row["availability"] == "ok",
        }


def named(words: Wording, row: Row, column: str) -> str:
    """The Chinese name, or the English one where there is one."""
    return str((row.get(f"{column}_en") if words.language == "en" else None) or row[column] or "")


def unit_of(words: Wording, kpi: Row) -> str:
    """The unit. In English the things that are counted: 家 is a storefront here and a platform there."""
    if words.language == "zh" or kpi["unit"] == "%":
        return str(kpi["unit"])
    return "per thousand" if kpi["aggregation"] == "derived" else str(kpi["numerator_of"])


def read_site(facts: Facts, words: Wording) -> Site:
    """Read what all pages share.

    Args:
        facts: the published file.
        words: the language.

    Returns:
        The site, without pages.
    """
    return Site(
        facts,
        words,
        {row["kpi_code"]: row for row in facts.rows("kpi")},
        {row["region_code"]: named(words, row, "region_name") for row in facts.rows("region")},
        {row["violation_code"]: named(words, row, "violation_name") for row in facts.rows("violation")},
        tuple(facts.rows("period", since=facts.since, as_of=facts.as_of)),
    )


def pages_of(site: Site) -> Iterable[Page]:
    """All pages of one language, one at a time.

    Args:
        site: what they share.

    Yields:
        The pages; the newest bulletin is also there as `bulletin.html`.
    """
    for make in (_overview, _leads, _cases, _platforms, _counties, _quality):
        yield make(site)
    yield from _bulletins(site)


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
    codes = (*STOCKS, "K05_LEADS", "K06_VERIFIED", "K20_OVERDUE", "P16", "K11_FILED", "K11_DECIDED", "K12_AMOUNT")
    codes = (*codes, *GUIDANCE, *(code for code in CAMPAIGN if code not in codes))
    shown = {
        "groups": (
            ("watched", STOCKS),
            ("found", ("K05_LEADS", "K06_VERIFIED", "K20_OVERDUE")),
            ("handled", ("P16", "K11_FILED", "K11_DECIDED", "K12_AMOUNT")),
        ),
        "campaign": (*CAMPAIGN, *GUIDANCE),
        "figures": site.facts.rows("published_figure"),
        "watch": _watch(site),
        "kpi_codes": codes,
        "members": site.words.codes("storefront_type"),
        "member_label": "storefront_type",
    }
    data = _data(site, codes, ("region_code", "storefront_type"), members=shown["members"])
    return Page("overview", "index.html", shown, data)


def _watch(site: Site) -> dict[str, dict[str, int]]:
    """Open items by kind and state; 0 where there is none."""
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
    data = _data(site, codes, ("platform_code", "storefront_type"), platforms=names)
    # a platform's months are shown, all kinds of storefront together
    for periods in data["values"].values():
        for found in periods.values():
            for code in found:
                found[code] = {"ALL": found[code].get("ALL")}
    return Page("platforms", "platforms.html", shown, data)


def _counties(site: Site) -> Page:
    kinds = site.words.codes("storefront_type")
    shown = {"kpi_codes": COUNTY_KPIS, "members": kinds, "member_label": "storefront_type", "regions": site.regions}
    return Page(
        "counties",
        "counties.html",
        shown,
        _data(site, COUNTY_KPIS, ("region_code", "storefront_type"), members=kinds),
    )


def _quality(site: Site) -> Page:
    facts = site.facts
    window = {"since": facts.since, "as_of": facts.as_of}
    names = {row["provider_code"]: site.named(row, "provider_name") for row in facts.rows("provider")}
    shown = {
        "balances": facts.rows("source_balance"),
        "held": facts.rows("held_dataset"),
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


SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("REGION", ("K01", "K05_LEADS", "K05_PER_THOUSAND", "K06_VERIFIED", "K11_FILED", "K12_AMOUNT")),
    ("PLATFORM", ("K01", "K04", "K05_LEADS", "K11_FILED", "K12_AMOUNT")),
    ("VIOLATION", ("K05_LEADS", "K08", "K11_FILED", "K12_AMOUNT")),
    ("CATEGORY", ("K05_LEADS",)),
)


def _bulletins(site: Site) -> Iterable[Page]:
    months = [row["month_start"] for row in site.facts.rows("bulletin_month", as_of=site.facts.as_of)]
    categories = {row["category_code"]: site.named(row, "category_name") for row in site.facts.rows("category")}
    if not months:
        yield Page("bulletin", "bulletin.html", {"month": None, "months": []}, has_filters=False)
    for number, month in enumerate(months):
        page = _bulletin(site, month, months, categories)
        yield Page("bulletin", bulletin_file(month), page, has_filters=False)
        if number == 0:
            yield Page("bulletin", "bulletin.html", page, has_filters=False)


def bulletin_file(month: date) -> str:
    """The file of a month's bulletin."""
    return f"bulletin-{month:%Y-%m}.html"


def _bulletin(site: Site, month: date, months: list[date], categories: dict[str, str]) -> dict[str, Any]:
    rows = site.facts.rows("bulletin", month=month)
    totals = [row for row in rows if row["section"] == "TOTAL"]
    sections = []
    for section, wanted in SECTIONS:
        found = {(row["member_code"], row["kpi_code"]): row for row in rows if row["section"] == section}
        codes = [code for code in wanted if any(kpi == code for _, kpi in found)]
        names = {row["member_code"]: row["member_name"] for row in found.values()}
        members = _members(site, section, names, categories)
        table = [(name, [found.get((code, kpi)) for kpi in codes]) for code, name in members]
        # a platform on which nothing was found would only make the table long
        busy = [(name, cells) for name, cells in table if any(cell and cell["value"] for cell in cells)]
        sections.append((section, codes, busy))
    return {"month": month, "months": months, "totals": totals, "sections": sections}


def _members(
    site: Site, section: str, names: dict[str, str], categories: dict[str, str]
) -> list[tuple[str, str]]:
    """Members with their names, in the order of their codes; of platforms there is the Chinese name only."""
    reviewed = {"REGION": site.regions, "VIOLATION": site.violations, "CATEGORY": categories}.get(section, {})
    none = {"NONE": site.words.text["none"]}
    return [(code, none.get(code) or reviewed.get(code) or name) for code, name in sorted(names.items())]


