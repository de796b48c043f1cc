"""What one more day costs behind a history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure import Cost


@dataclass(frozen=True)
class Daily:
    """What one more day cost behind so many months of history; stages by name."""

    months: int
    stages: dict[str, Cost]

    @property
    def cpu_seconds(self) -> float:
        return sum(cost.cpu_seconds for cost in self._work)

    @property
    def seconds(self) -> float:
        return sum(cost.seconds for cost in self._work)

    @property
    def _work(self) -> list[Cost]:
        return [cost for name, cost in self.stages.items() if name != "publish"]


def history_text(found: Sequence[Daily]) -> str:
    """The table: wall seconds (processor seconds) of each stage, and the ratio to the shortest history."""
    names = list(found[0].stages)
    lines = ["one more day behind so many months of history, wall seconds (processor seconds)"]
    lines += ["  " + " ".join([f"{'':18}", *(f"{item.months:>9} months" for item in found)])]
    for name in names:
        cells = (_cell(item.stages[name].seconds, item.stages[name].cpu_seconds) for item in found)
        lines.append("  " + " ".join([f"{name:18}", *cells]))
    lines.append(
        "  " + " ".join([f"{'without publish':18}", *(_cell(item.seconds, item.cpu_seconds) for item in found)])
    )
    ratios = ((item.seconds / found[0].seconds, item.cpu_seconds / found[0].cpu_seconds) for item in found)
    lines.append("  " + " ".join([f"{'ratio':18}", *(f"{wall:8.2f} ({cpu:4.2f})" for wall, cpu in ratios)]))
    return "\n".join(lines)


def _cell(seconds: float, cpu_seconds: float) -> str:
    return f"{seconds:8.1f} ({cpu_seconds:4.1f})"
