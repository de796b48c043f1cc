"""Cases, their parties and penalty items."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from simulator import figures
from simulator.scenario import Scenario
from simulator.world.findings import Finding
from simulator.world.identifiers import identity_card
from simulator.world.storefronts import person_name

STAGES = ("investigated_on", "legal_reviewed_on", "notified_on", "decided_on", "served_on", "published_on", "closed_on")
OFFSETS = (32, 40, 44, 56, 59, 68, 80)


@dataclass
class Penalty:
    """One penalty item; `amount` is in yuan, 0 where the penalty is not money."""

    penalty_type: str
    amount: int = 0
    paid_on: date | None = None
    legal_basis: str = ""


@dataclass
class Case:
    """One case. `dates` holds the dates of the stages that it has passed by the end of the range."""

    case_no: str
    finding: Finding | None
    filed_on: date
    org_code: str
    region_code: str
    violations: list[str]
    dates: dict[str, date] = field(default_factory=dict)
    decision_type: str | None = None
    decision_no: str | None = None
    extension_days: int = 0
    party_name: str = ""
    party_kind: str = "ENTERPRISE"
    uscc: str | None = None
    id_no: str | None = None
    penalties: list[Penalty] = field(default_factory=list)


def build_cases(scenario: Scenario, findings: list[Finding]) -> list[Case]:
    """Return the cases that were filed in the range, and a few older ones that end in it."""
    rng = scenario.rng("cases")
    filed = sorted((f for f in findings if f.result == "FILED"), key=lambda f: (f.closed_at, f.number))
    cases = [_case(scenario, rng, index, finding) for index, finding in enumerate(filed)]
    _spread_penalties(scenario, rng, [case for case in cases if case.decision_type == "行政处罚"])
    return [*_earlier(scenario, rng), *cases]


def _case(scenario: Scenario, rng: Random, index: int, finding: Finding) -> Case:
    assert finding.closed_at is not None
    filed = finding.closed_at.date()
    case = Case(
        f"赣市监立案〔{filed.year}〕{index + 1}号",
        finding,
        filed,
        finding.handling_org,
        finding.county,
        finding.violations,
    )
    finding.case_no = case.case_no
    base = finding.storefront.base
    case.party_name, case.party_kind, case.uscc = base["operator_name"], base["operator_kind"], base["uscc"]
    case.id_no = (
        identity_card(finding.county, index) if case.party_kind in ("NATURAL_PERSON", "INDIVIDUAL_BUSINESS") else None
    )
    case.extension_days = 30 if rng.random() < 0.1 else 0
    stretch = rng.uniform(0.6, 1.5)
    dates = {
        stage: filed + timedelta(days=round(offset * stretch)) for stage, offset in zip(STAGES, OFFSETS, strict=True)
    }
    case.dates = {stage: day for stage, day in dates.items() if day <= scenario.end}
    if "decided_on" in case.dates:
        case.decision_type = "不予处罚" if index % 9 == 4 else "撤销案件" if index % 17 == 8 else "行政处罚"
        case.decision_no = f"赣市监处罚〔{case.dates['decided_on'].year}〕{index + 101}号"
    if case.decision_type != "行政处罚":
        case.dates.pop("published_on", None)
    return case


def _spread_penalties(scenario: Scenario, rng: Random, cases: list[Case]) -> None:
    """Return fines and confiscations that add up exactly to the total, and some warnings without money."""
    total = scenario.per_range(figures.PENALTIES_TOTAL_YUAN)
    paying = [case for index, case in enumerate(cases) if index % 8 != 3 or len(cases) < 4]
    for case in cases:
        if case not in paying:
            case.penalties = [Penalty("警告", legal_basis="《电子商务法》第七十六条")]
            case.dates.pop("published_on", None)
    if not paying:
        return
    weights = [rng.uniform(0.3, 2.0) for _ in paying]
    amounts = [round(total * weight / sum(weights) / 100) * 100 for weight in weights]
    amounts[0] += total - sum(amounts)
    for case, amount in zip(paying, amounts, strict=True):
        confiscated = amount // 5 // 100 * 100 if rng.random() < 0.5 else 0
        paid = case.dates.get("closed_on")
        case.penalties = [Penalty("罚款", amount - confiscated, paid, "《反不正当竞争法》第二十条")]
        if confiscated:
            case.penalties.append(Penalty("没收违法所得", confiscated, paid, "《反不正当竞争法》第二十条"))


def _earlier(scenario: Scenario, rng: Random) -> list[Case]:
    cases = []
    for index in range(figures.CASES_FILED_BEFORE):
        filed = scenario.start - timedelta(days=120 - index * 10)
        case = Case(f"赣市监立案〔{filed.year}〕{90 + index}号", None, filed, "360700-01", "360702", ["V07"])
        case.party_name, case.party_kind = person_name(rng), "NATURAL_PERSON"
        case.id_no = identity_card("360702", 900 + index)
        case.decision_type, case.decision_no = "行政处罚", f"赣市监处罚〔{filed.year}〕{190 + index}号"
        decided = scenario.start - timedelta(days=5 + index)
        case.dates = {"decided_on": decided, "served_on": decided, "closed_on": scenario.start + timedelta(days=index)}
        case.penalties = [Penalty("警告", legal_basis="《电子商务法》第七十六条")]
        cases.append(case)
    return cases
