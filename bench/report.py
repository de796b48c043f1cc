"""The benchmark's result as a table for a person."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from datetime import date

from bench.daily import Daily, history_text
from bench.measure import Cost
from bench.targets import Target, targets
from bench.through_airflow import Orchestrated


@dataclass(frozen=True)
class Report:
    """The measurements of one run.

    Attributes:
        scale: the name of the world's scale.
        span: first and last business date of the long range.
        year: cost of each stage over the long range.
        day: cost of each stage over the one day after it.
        floor: cost of the plain script's `parse` and `build` over the long range.
        start_up: cost of dbt's start without a model to build.
        queries: milliseconds by chart.
        disk: bytes by kind of data, at the end.
        models: seconds of the twelve slowest models in the long range's build.
        orchestrated: a day through Airflow, or null.
        peers: cost of other tools for the same work over the long range, by name.
        daily: cost of one more day after each length of history.
    """

    scale: str
    span: tuple[date, date]
    year: dict[str, Cost]
    day: dict[str, Cost]
    floor: dict[str, Cost]
    start_up: Cost
    queries: dict[str, float]
    disk: dict[str, int]
    models: dict[str, float] = field(default_factory=dict)
    orchestrated: Orchestrated | None = None
    peers: dict[str, Cost] = field(default_factory=dict)
    daily: tuple[Daily, ...] = ()

    def text(self) -> str:
        """Return the report as text."""
        lines = [f"python {platform.python_version()}, {os.cpu_count()} cores"]
        lines += _table(f"{self.span[0]} to {self.span[1]}", self.year)
        lines += _table("one day more", self.day)
        lines += ["", "against a plain DuckDB script over the same range (1.0 = as fast)"]
        lines += [self._against("parse"), self._against("build"), f"  dbt's start alone {self.start_up.seconds:.1f} s"]
        lines += [self._slowest_models()] if self.models else []
        lines += ["", "disk, MB: " + ", ".join(f"{name} {size / 1e6:,.0f}" for name, size in self.disk.items())]
        return "\n".join(
            [
                *lines,
                *self._slowest_queries(),
                *self._airflow(),
                *self._peers_and_history(),
                "",
                *_target_lines(self.targets()),
            ]
        )

    def targets(self) -> list[Target]:
        """Return the targets that apply to the run, each with the measured value."""
        return targets(self)

    def ratio(self, step: str) -> float:
        """Return the seconds of a step divided by the plain script's."""
        return self.seconds(step) / self.floor[step].seconds

    def seconds(self, step: str) -> float:
        """Return the seconds of a step over the long range, all sources together."""
        return sum(cost.seconds for name, cost in self.year.items() if name.split()[0] == step)

    def _slowest_queries(self) -> list[str]:
        slowest = sorted(self.queries.items(), key=lambda item: -item[1])[:5]
        listed = ", ".join(f"{name} {milliseconds:.0f}" for name, milliseconds in slowest)
        return ["", f"{len(self.queries)} dashboard queries, ms; slowest: {listed}"]

    def _slowest_models(self) -> str:
        listed = ", ".join(f"{name} {seconds:.1f}" for name, seconds in list(self.models.items())[:6])
        return f"  slowest models, s: {listed}"

    def _against(self, step: str) -> str:
        floor = self.floor[step]
        return (
            f"  {step:22} {self.ratio(step):8.2f} ×   {self.seconds(step):.1f} s against {floor.seconds:.1f} s, "
            f"plain peak {floor.peak_mb:.0f} MB"
        )

    def _peers_and_history(self) -> list[str]:
        rows = [f"  {name:22} {cost.seconds:8.1f} s, peak {cost.peak_mb:.0f} MB" for name, cost in self.peers.items()]
        peers = ["", "other tools on the same files: loaders on the JSON pages, dbt on the parsed files", *rows]
        lines = peers if rows else []
        return [*lines, "", history_text(self.daily)] if self.daily else lines

    def _airflow(self) -> list[str]:
        if self.orchestrated is None:
            return []
        day, year = self.orchestrated, sum(cost.seconds for cost in self.year.values())
        overhead = day.start_seconds + day.run_seconds - day.step_seconds
        return [
            "",
            "one day through Airflow",
            f"  start-up {day.start_seconds:.1f} s, run {day.run_seconds:.1f} s, of which steps at work {day.step_seconds:.1f} s",
            f"  share that is not Airflow: {day.step_seconds / (day.start_seconds + day.run_seconds):.0%} with start-up, "
            f"{day.step_seconds / day.run_seconds:.0%} of the run alone",
            f"  the long range, with the same start-up and scheduling: {year / (year + overhead):.0%}",
        ]


def _table(title: str, costs: dict[str, Cost]) -> list[str]:
    lines = ["", f"{title:24} {'seconds':>8} {'files':>8} {'rows':>10} {'rows/s':>10} {'peak MB':>8}"]
    for name, cost in costs.items():
        files = f"{cost.files:,}" if cost.files else ""
        rows = f"{cost.rows:,}" if cost.rows else ""
        speed = f"{cost.rows_per_second:,.0f}" if cost.rows_per_second else ""
        lines.append(f"  {name:22} {cost.seconds:8.1f} {files:>8} {rows:>10} {speed:>10} {cost.peak_mb:8.0f}")
    # the stages run one after the other: seconds add up, memory does not
    total = sum(cost.seconds for cost in costs.values())
    return [
        *lines,
        f"  {'in all':22} {total:8.1f} {'':>8} {'':>10} {'':>10} {max(c.peak_mb for c in costs.values()):8.0f}",
    ]


def _target_lines(measured: list[Target]) -> list[str]:
    return [
        f"{'✔' if target.is_met else '✘'} {target.name}: {target.value:.2f} (target: {target.limit})"
        for target in measured
    ]
