"""Read the figures of one month and their explanations from the published file, for the bulletin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import duckdb

from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.contract import load_contract
from wangjian.publishing import open_published
from wangjian.serving.exports.tables import publication_of
from wangjian.state import Publication

TREND_MONTHS = 13
SMALL_BASE = 5
"""The bulletin suppresses a rate whose base is smaller: `is_small_base` in `reports.rpt_kpi`."""

TOTAL = ("TOTAL", "ALL")


@dataclass(frozen=True)
class Figure:
    """One KPI of one member in one month, with the values to compare it with.

    Attributes:
        value, last_month, last_year: in the KPI's unit; null if there is no value, or if its base is too small.
        is_suppressed: whether the value is null only because its base is too small.
        numerator, denominator: the numbers from which the value was computed, or null.
    """

    unit: str
    value: Decimal | None
    last_month: Decimal | None = None
    last_year: Decimal | None = None
    is_suppressed: bool = False
    numerator: Decimal | None = None
    denominator: Decimal | None = None


@dataclass(frozen=True)
class Member:
    """A member of a section, to which a figure belongs: a county, an organ, a platform, a violation …"""

    code: str
    name: str


@dataclass(frozen=True)
class Scorecard:
    """One provider's month. Rates are from 0 to 1; a rate, and whether it `meets` its threshold, is null without data."""

    provider: str
    submitted: int
    judged: int
    rates: Mapping[str, Decimal | None]
    thresholds: Mapping[str, Decimal | None]
    meets: Mapping[str, bool | None]


@dataclass(frozen=True)
class Restatement:
    """A city-wide figure that has changed since its month was closed."""

    month: date
    kpi_name: str
    unit: str
    closed_value: Decimal | None
    value: Decimal | None


@dataclass(frozen=True)
class Held:
    """A dataset that is held back from a day on, and why."""

    source: str
    provider: str
    dataset: str
    since: date
    reasons: str


@dataclass(frozen=True)
class Definition:
    """The definition of a KPI. `has_source` is false if no source delivers what the KPI needs."""

    kpi_code: str
    kpi_name: str
    unit: str
    formula: str
    legal_basis: str | None
    has_source: bool


_Key = tuple[str, str, str]


@dataclass(frozen=True)
class Figures:
    """All data from which the bulletin of one month is made.

    Attributes:
        organ: the bureau that issues the bulletin.
        city: the city of the bureau.
        rows: the figures by section, member and KPI.
        members: the members of each section, in the order of their codes.
        trend: the city's value of each KPI in the months up to this one, oldest first.
        counties: today's county-level divisions.
        held: the datasets that the publication holds back.
    """

    month: date
    publication: Publication
    organ: str
    city: str
    rows: Mapping[_Key, Figure]
    members: Mapping[str, tuple[Member, ...]]
    trend: Mapping[str, Mapping[date, Decimal | None]]
    counties: tuple[Member, ...]
    providers: tuple[str, ...]
    scorecards: tuple[Scorecard, ...]
    held: tuple[Held, ...]
    restatements: tuple[Restatement, ...]
    definitions: tuple[Definition, ...]
    small_base: int = SMALL_BASE

    @property
    def is_roster_due(self) -> bool:
        """Return whether the full list of storefronts that follows the month has not arrived yet.

        That list says which storefronts were scanned in the month; until it arrives the coverage is incomplete.
        """
        return (
            last_complete_month(self.publication.as_of) == self.month
            and self.publication.as_of.month == self.month.month
        )

    def total(self, kpi: str) -> Figure:
        """Return the city's figure."""
        return self.of(*TOTAL, kpi)

    def of(self, section: str, member: str, kpi: str) -> Figure:
        """Return a member's figure. A count without a row is 0 if the city has a row: nothing happened there."""
        row = self.rows.get((section, member, kpi))
        if row:
            return row
        unit = self._units[kpi]
        counted = kpi in self._counted and (*TOTAL, kpi) in self.rows
        return Figure(unit, Decimal(0) if counted else None)

    def ranked(self, section: str, kpi: str) -> list[Member]:
        """Return the members of a section with a value other than 0, the largest first."""
        having = [member for member in self.members.get(section, ()) if self.of(section, member.code, kpi).value]
        return sorted(having, key=lambda member: (-(self.of(section, member.code, kpi).value or 0), member.code))

    @cached_property
    def _units(self) -> dict[str, str]:
        return {item.kpi_code: item.unit for item in self.definitions}

    @cached_property
    def _counted(self) -> frozenset[str]:
        return frozenset(code for code, unit in self._units.items() if unit not in RATE_UNITS)


RATE_UNITS = frozenset({"%", "工作日", "条/千家"})


def last_complete_month(as_of: date) -> date:
    """Return the first day of the last month that had ended by the end of a day."""
    tomorrow = as_of + timedelta(days=1)
    return (tomorrow.replace(day=1) - timedelta(days=1)).replace(day=1)


def read_figures(data: DataRoot, month: date | None = None) -> Figures:
    """Read the figures of a month from the publication that readers see.

    Args:
        data: the data root.
        month: the first day of the month; the last complete month if null.

    Returns:
        The figures of the month.

    Raises:
        BadArguments: the month has not ended in the data, or the data begin after it.
        WangjianError: nothing is published yet.
    """
    with open_published(data) as connection:
        publication = publication_of(connection)
        month = month or last_complete_month(publication.as_of)
        _require_month(connection, month, publication)
        # a suppressed rate of another month must not be compared with either
        compared = {month, _month_before(month), _year_before(month)}
        names = _rows(connection, "select section, member_code, member_name", month)
        organ, city = _issuer(connection)
        return Figures(
            month=month,
            publication=publication,
            organ=organ,
            city=city,
            rows=_figures(connection, month, compared),
            members=_members(names),
            trend=_trend(connection, month),
            counties=_counties(connection),
            providers=tuple(name for (name,) in connection.execute(_PROVIDERS).fetchall()),
            scorecards=_scorecards(connection, month),
            held=_held(connection),
            restatements=_restatements(connection, month),
            definitions=tuple(Definition(*row) for row in connection.execute(_DEFINITIONS).fetchall()),
        )


_PROVIDERS = "select provider_name from marts.dim_provider order by provider_code"
_DEFINITIONS = """
    select kpi_code, kpi_name, unit, formula, legal_basis, availability = 'ok' from marts.dim_kpi order by kpi_code
"""


def _require_month(connection: duckdb.DuckDBPyConnection, month: date, publication: Publication) -> None:
    if month > last_complete_month(publication.as_of):
        raise BadArguments(
            f"the month {month:%Y-%m} has not ended in the data",
            as_of=publication.as_of,
            fix=f"ask for {last_complete_month(publication.as_of):%Y-%m} or an earlier month",
        )
    span = connection.execute("select min(month_start), max(month_start) from reports.rpt_monthly_bulletin").fetchone()
    first, last = span or (None, None)
    if first is None:
        raise WangjianError(
            "no month is complete yet", publication=publication.publication_id, fix="ingest a whole month"
        )
    if not first <= month <= last:
        raise BadArguments(
            f"there are no figures of {month:%Y-%m}",
            first_month=f"{first:%Y-%m}",
            last_month=f"{last:%Y-%m}",
            fix="ask for a month between these",
        )


def _month_before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def _year_before(month: date) -> date:
    # always the first day of a month, so never 29 February
    return month.replace(year=month.year - 1)


def _rows(connection: duckdb.DuckDBPyConnection, select: str, month: date) -> list[tuple[Any, ...]]:
    return connection.execute(
        f"{select} from reports.rpt_monthly_bulletin where month_start = ? group by all order by all", [month]
    ).fetchall()


def _members(names: Iterable[tuple[str, str, str]]) -> dict[str, tuple[Member, ...]]:
    members: dict[str, list[Member]] = {}
    for section, code, name in names:
        members.setdefault(section, []).append(Member(code, name))
    return {section: tuple(of_section) for section, of_section in members.items()}


def _figures(connection: duckdb.DuckDBPyConnection, month: date, compared: set[date]) -> dict[_Key, Figure]:
    """Return the month's figures by section, member and KPI.

    A rate on a small base is left out, in this month and in the months to compare with: two shops of two are 100 %,
    and a comparison with them would say nothing.
    """
    small = set(
        connection.execute(
            "select month_start, section, member_code, kpi_code from reports.rpt_monthly_bulletin "
            "where is_small_base and list_contains(?, month_start)",
            [sorted(compared)],
        ).fetchall()
    )
    rows = connection.execute(
        "select section, member_code, kpi_code, unit, value, value_last_month, value_last_year, numerator, denominator "
        "from reports.rpt_monthly_bulletin where month_start = ?",
        [month],
    ).fetchall()
    figures = {}
    for *key, unit, value, last_month, last_year, numerator, denominator in rows:
        at_month, at_last_month, at_last_year = (
            None if (at, *key) in small else amount
            for at, amount in ((month, value), (_month_before(month), last_month), (_year_before(month), last_year))
        )
        # a value that never was is missing, not suppressed: the bulletin marks the two differently
        suppressed = value is not None and at_month is None
        figures[key[0], key[1], key[2]] = Figure(
            unit, at_month, at_last_month, at_last_year, suppressed, numerator, denominator
        )
    return figures


def _trend(connection: duckdb.DuckDBPyConnection, month: date) -> dict[str, dict[date, Decimal | None]]:
    rows = connection.execute(
        "select kpi_code, month_start, value from reports.rpt_monthly_bulletin "
        "where section = 'TOTAL' and month_start between ? and ? order by kpi_code, month_start",
        # 13 months: the same month of last year is the first point
        [_year_before(month), month],
    ).fetchall()
    trend: dict[str, dict[date, Decimal | None]] = {}
    for kpi, at, value in rows:
        trend.setdefault(kpi, {})[at] = value
    return trend


def _issuer(connection: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """Return the city's bureau and its city: the one that most organs of the counties belong to.

    The name is not a setting: the organizations in the data say which bureau it is.
    """
    row = connection.execute(
        """
        select organs.level_3_name, any_value(regions.region_name)
        from marts.dim_organization as organs
        left join marts.dim_organization as parents on organs.parent_org_code = parents.org_code
        left join marts.dim_region as regions on parents.region_code = regions.region_code
        where organs.org_level = 4 and organs.level_3_name is not null
        group by organs.level_3_name
        order by count(*) desc, organs.level_3_name
        """
    ).fetchone()
    # without organizations in the data the bulletin still needs the name of an issuer
    return (row[0], row[1] or "") if row else ("市场监督管理局", "")


def _counties(connection: duckdb.DuckDBPyConnection) -> tuple[Member, ...]:
    rows = connection.execute(
        "select region_code, region_name from marts.dim_region "
        "where region_level = 4 and valid_to is null and not is_inferred order by region_code"
    ).fetchall()
    return tuple(Member(*row) for row in rows)


def _scorecards(connection: duckdb.DuckDBPyConnection, month: date) -> tuple[Scorecard, ...]:
    answer = connection.execute(
        "select * from reports.rpt_provider_scorecard where month_start = ? order by provider_code", [month]
    )
    names = [column[0] for column in answer.description or ()]
    return tuple(_scorecard(dict(zip(names, row, strict=True))) for row in answer.fetchall())


def _scorecard(row: Mapping[str, Any]) -> Scorecard:
    def ending(suffix: str) -> dict[str, Any]:
        return {name.removesuffix(suffix): value for name, value in row.items() if name.endswith(suffix)}

    meets = {
        "accuracy": row["meets_accuracy"],
        "complete": row["meets_completeness"],
        "evidence": row["meets_evidence"],
    }
    # a provider without a reviewed name still has to appear
    name = row["provider_name"] or row["provider_code"]
    return Scorecard(name, row["submitted_count"], row["judged_count"], ending("_rate"), ending("_threshold"), meets)


def _held(connection: duckdb.DuckDBPyConnection) -> tuple[Held, ...]:
    names = dict(
        connection.execute(
            "select distinct member_code, member_name from reports.rpt_monthly_bulletin where section = 'SOURCE'"
        ).fetchall()
    )
    reasons = dict(connection.execute("select reason_code, reason_name from audit.reason_code").fetchall())
    rows = connection.execute(
        "select source, provider, dataset, held_since, fail_codes from audit.held_dataset order by all"
    ).fetchall()
    return tuple(
        Held(
            # a source without a row in the bulletin is shown by its code
            names.get(source, source),
            provider,
            load_contract(source)[dataset].zh,
            since,
            "、".join(reasons.get(code, code) for code in codes.split(",")),
        )
        for source, provider, dataset, since, codes in rows
    )


def _restatements(connection: duckdb.DuckDBPyConnection, month: date) -> tuple[Restatement, ...]:
    rows = connection.execute(
        """
        select restated.period_start, kpis.kpi_name, kpis.unit, restated.closed_value, restated.value
        from reports.rpt_kpi_restatement as restated
        inner join marts.dim_kpi as kpis on restated.kpi_code = kpis.kpi_code
        where restated.is_restated and restated.period_type = 'month' and restated.period_start <= ?
            and restated.region_code = 'ALL' and restated.org_code = 'ALL' and restated.storefront_type = 'ALL'
            and restated.platform_code = 'ALL' and restated.violation_code = 'ALL' and restated.category_code = 'ALL'
            and restated.source_code = 'ALL' and restated.provider_code = 'ALL'
        order by restated.period_start desc, restated.kpi_code
        """,
        [month],
    ).fetchall()
    return tuple(Restatement(*row) for row in rows)
