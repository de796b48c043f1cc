"""Make the findings: which violation was found at which storefront, who reported it, and with which result.

Each finding has a storefront of its own, so that no linking rule can join two findings by chance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from simulator import figures
from simulator.scenario import Scenario
from simulator.world.places import COUNTIES, HISTORIC
from simulator.world.storefronts import Storefront, zone_org
from simulator.world.vocabulary import VIOLATIONS
from simulator.world.workdays import office_hours

TODAY = {old: new for new, old in HISTORIC.items()}


@dataclass
class Finding:
    """One storefront with one primary violation.

    Attributes:
        systems: the letters of the systems that report it: 5 five-level, J Jiangxi, T third party.
        result: the code at closing; null while the finding is open.
        reopened: whether it was closed before and opened again.
    """

    number: int
    storefront: Storefront
    violations: list[str]
    category: str
    systems: str
    discovered_at: datetime
    handling_org: str
    result: str | None
    received_at: datetime
    feedback_at: datetime | None
    closed_at: datetime | None
    provider: str = "tp_a"
    bounced: bool = False
    paused: bool = False
    extended: bool = False
    reopened: bool = False
    case_no: str | None = None
    explicit_ref: bool = field(default=False)

    @property
    def county(self) -> str:
        """Return the present code of the merchant's county."""
        base = self.storefront.base
        code = base["business_region_code"] or base["region_code"]
        return str(TODAY.get(code, code))

    @property
    def five_level_no(self) -> str:
        return f"WJ{self.discovered_at:%Y%m}{self.number:06d}"

    @property
    def jiangxi_no(self) -> str:
        return f"JX{self.discovered_at:%Y}{self.number * 3 + 100000:08d}"


def build_findings(scenario: Scenario, storefronts: list[Storefront]) -> list[Finding]:
    """Return every finding of the range, by number."""
    rng = scenario.rng("findings")
    pool = [s for s in storefronts if s.opened_on < scenario.start and s.removed_on is None and _is_linkable(s)]
    rng.shuffle(pool)
    plan = _plan(scenario, rng)
    # a small world has few storefronts, and each finding needs one of its own
    plan = plan[: len(pool)]
    return [
        _finding(scenario, rng, number, pool[number], systems, result) for number, (systems, result) in enumerate(plan)
    ]


def _is_linkable(storefront: Storefront) -> bool:
    base = storefront.base
    return (
        base["storefront_type"] != "PLATFORM"
        and base["url"] is not None
        and bool(base["uscc"] or base["platform_shop_id"])
    )


def _plan(scenario: Scenario, rng: Random) -> list[tuple[str, str | None]]:
    """Return the reporting systems and the result of every finding; those that become cases come first."""
    systems = [
        letters for letters, count in figures.LEADS_BY_SYSTEMS.items() for _ in range(scenario.per_range(count, 1))
    ]
    filed = min(figures.CASES_FILED, len(systems))
    rng.shuffle(systems)
    others = rng.choices(
        ("ORDERED", "MINOR", "TRANSFERRED", "UNFOUNDED", "UNREACHABLE"), (45, 14, 12, 20, 9), k=len(systems) - filed
    )
    plan: list[tuple[str, str | None]] = list(zip(systems, ["FILED"] * filed + others, strict=True))
    plan += [("5", "NOT_JURISDICTION")] * scenario.per_range(figures.LEADS_NOT_JURISDICTION)
    plan += [("5", "DUPLICATE")] * scenario.per_range(figures.LEADS_DUPLICATE)
    plan += [("5J" if n % 2 else "5", None) for n in range(scenario.per_range(figures.LEADS_STILL_OPEN))]
    plan += [("T", None)] * scenario.per_range(figures.LEADS_PROVIDER_ONLY)
    return plan


def _finding(
    scenario: Scenario, rng: Random, number: int, storefront: Storefront, systems: str, result: str | None
) -> Finding:
    kind = storefront.base["storefront_type"]
    fitting = [violation for violation in VIOLATIONS.values() if kind in violation.storefront_types]
    violation = rng.choices(fitting, [item.weight for item in fitting])[0]
    discovered = _moment(rng, _discovery_day(scenario, rng, result))
    received = discovered + timedelta(days=rng.randint(1, 4))
    feedback = received + timedelta(days=rng.randint(2, 24)) if result else None
    closed = feedback + timedelta(days=rng.randint(0, 4), minutes=30) if feedback else None
    county = storefront.base["business_region_code"] or storefront.base["region_code"]
    second = rng.choice(("V07", "V04")) if rng.random() < 0.15 else violation.code
    needs_reference = storefront.base["uscc"] is None
    return Finding(
        number=number,
        storefront=storefront,
        violations=list(dict.fromkeys((violation.code, second))),
        category=rng.choice(violation.categories),
        systems=systems,
        discovered_at=discovered,
        handling_org=zone_org(rng, TODAY.get(county, county)),
        result=result,
        received_at=received,
        feedback_at=feedback,
        closed_at=closed,
        provider=rng.choice(("tp_a", "tp_b")),
        bounced=rng.random() < 0.08,
        paused=rng.random() < 0.05,
        extended=rng.random() < 0.07,
        explicit_ref=needs_reference or rng.random() < 0.5,
    )


def _discovery_day(scenario: Scenario, rng: Random, result: str | None) -> date:
    room = scenario.day_count - (45 if result else 3)
    if room <= 0:
        return scenario.start
    if not result:
        return scenario.end - timedelta(days=rng.randrange(3, max(4, min(80, scenario.day_count))))
    return scenario.start + timedelta(days=rng.randrange(room))


def _moment(rng: Random, day: date) -> datetime:
    return office_hours(datetime.combine(day, time(rng.randrange(24), rng.randrange(60), rng.randrange(60))))


def county_name(code: str) -> str:
    """Return the name of a county by its present or an older code."""
    return COUNTIES[TODAY.get(code, code)]
