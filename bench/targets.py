"""The targets of a run on two cores and 8 GB, as ratios within one run wherever possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.report import Report

QUERY_MS, PEAK_MB, AIRFLOW_SECONDS, NATION_SECONDS = 300, 8000, 20, 900


@dataclass(frozen=True)
class Target:
    """One target.

    Attributes:
        name: the measured quantity, with its unit.
        value: the measured value.
        limit: the required value.
    """

    name: str
    value: float
    limit: str
    is_met: bool


def targets(report: Report) -> list[Target]:
    """Return all targets that apply to a run.

    Args:
        report: the run's measurements.
    """
    build, check = report.seconds("build"), report.seconds("check")
    most = max(5.0, build / 4)
    peak = max(cost.peak_mb for cost in [*report.year.values(), *report.day.values()])
    slowest = max(report.queries.values())
    applicable = [
        _at_least("parse: speed over the floor's", 1 / report.ratio("parse"), 0.7),
        _at_most("check, s", check, most),
        _at_most("peak memory, MB", peak, PEAK_MB),
        _at_most("slowest dashboard query, ms", slowest, QUERY_MS),
    ]
    if report.scale != "city":
        # in the city most of a build is dbt's own time per model, which does not depend on the rows
        net = (build - report.start_up.seconds) / report.floor["build"].seconds
        applicable.append(_at_most("build without dbt's start, over the floor's", net, 1.5))
    if report.scale == "nation":
        steps = sum(report.seconds(step) for step in ("parse", "build", "check", "publish"))
        applicable.append(_at_most("parse, build, check and publish, s", steps, NATION_SECONDS))
    if "dlt" in report.peers:
        faster = report.peers["dlt"].seconds / report.year["parse five_level"].seconds
        applicable.append(_at_least("parse of JSON pages: times as fast as dlt", faster, 3))
    if report.daily:
        shortest, longest = report.daily[0], report.daily[-1]
        name = f"one more day behind {longest.months} months over {shortest.months}"
        applicable.append(_at_most(name, longest.seconds / shortest.seconds, 1.3))
    if report.orchestrated:
        applicable.append(
            _at_most("Airflow's part of a daily run, s", report.orchestrated.overhead_seconds, AIRFLOW_SECONDS)
        )
    return applicable


def _at_most(name: str, value: float, limit: float) -> Target:
    return Target(name, value, f"at most {limit:.4g}", value <= limit)


def _at_least(name: str, value: float, limit: float) -> Target:
    return Target(name, value, f"at least {limit:.4g}", value >= limit)
