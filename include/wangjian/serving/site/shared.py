"""The data that all pages of one language share: KPIs, counties, violations, periods; and the type of a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wangjian.serving.site.facts import Facts, Row
from wangjian.serving.site.wording import Wording
from wangjian.warehouse.kpi_blocks import blocks_of


@dataclass(frozen=True)
class Page:
    """One page in one language.

    Attributes:
        name: the name of the template and the script and, except for bulletins and the first page, of the file.
        file: the file name.
        shown: the values for the template.
        data: the values for the scripts, stored in the page as JSON: a page opened from a folder may not fetch.
        has_filters: whether the reader can filter the figures; if so, the page loads the scripts.
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
    held: tuple[Row, ...]

    def named(self, row: Row, column: str) -> str:
        """Return a name in the site's language, from a row that has `<column>` and `<column>_en`."""
        return named(self.words, row, column)

    def blocks(self, page: str) -> dict[str, tuple[str, ...]]:
        """Return the blocks of a page with the KPIs that each shows.

        A KPI that the published file does not know yet is left out: the seed may be newer than the last publication.
        """
        return {block: tuple(code for code in codes if code in self.kpis) for block, codes in blocks_of(page).items()}

    def kpis_of(self, page: str) -> tuple[str, ...]:
        """Return all KPIs of a page, in the order of `dim_kpi`."""
        wanted = {code for codes in self.blocks(page).values() for code in codes}
        return tuple(code for code in self.kpis if code in wanted)

    def kpi(self, code: str) -> dict[str, Any]:
        """Return the properties of a KPI that a script needs."""
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
    """Return a name in the site's language: the Chinese one if there is no English one."""
    return str((row.get(f"{column}_en") if words.language == "en" else None) or row[column] or "")


def unit_of(words: Wording, kpi: Row) -> str:
    """Return the unit of a KPI. In English it is the counted thing: 家 is a storefront in one KPI, a platform in another."""
    if words.language == "zh" or kpi["unit"] == "%":
        return str(kpi["unit"])
    return "per thousand" if kpi["aggregation"] == "derived" else str(kpi["numerator_of"])


def read_site(facts: Facts, words: Wording) -> Site:
    """Read what all pages share.

    Args:
        facts: the published file.
        words: the words of the language.

    Returns:
        The shared data.
    """
    return Site(
        facts,
        words,
        {row["kpi_code"]: row for row in facts.rows("kpi")},
        {row["region_code"]: named(words, row, "region_name") for row in facts.rows("region")},
        {row["violation_code"]: named(words, row, "violation_name") for row in facts.rows("violation")},
        tuple(facts.rows("period", since=facts.since, as_of=facts.as_of)),
        tuple(facts.rows("held_dataset")),
    )
