"""The cost of one more day after some months of history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure import Cost


@dataclass(frozen=True)
class Daily:
    """The cost of one more day after `months` months of history.

    Attributes:
        months: months of history before the day.
        stages: the cost of each stage by its name.
    """

    months: int
    stages: dict[str, Cost]

    @property
    def cpu_seconds(self) -> float:
        """Return the processor seconds of all stages except the publication."""
        return sum(cost.cpu_seconds for cost in self._work)

    @property
    def seconds(self) -> float:
        """Return the wall seconds of all stages except the publication."""
        return sum(cost.seconds for cost in self._work)

    @property
    def _work(self) -> list[Cost]:
        # publication copies the whole file and must grow with history: it would hide growth of the other stages
        return [cost for name, cost in self.stages.items() if name != "publish"]


def history_text(days: Sequence[Daily]) -> str:
    """Return a table with the wall and processor seconds of each stage, and the ratio to the shortest history."""
    names = list(days[0].stages)
    lines = ["one more day after some months of history, wall seconds (processor seconds)"]
    lines += ["  " + " ".join([f"{'':18}", *(f"{item.months:>9} months" for item in days)])]
    for name in names:
        cells = (_cell(item.stages[name].seconds, item.stages[name].cpu_seconds) for item in days)
        lines.append("  " + " ".join([f"{name:18}", *cells]))
    lines.append(
        "  " + " ".join([f"{'without publish':18}", *(_cell(item.seconds, item.cpu_seconds) for item in days)])
    )
    # the processor ratio in addition: wall time also depends on what else the machine does
    ratios = ((item.seconds / days[0].seconds, item.cpu_seconds / days[0].cpu_seconds) for item in days)
    lines.append("  " + " ".join([f"{'ratio':18}", *(f"{wall:8.2f} ({cpu:4.2f})" for wall, cpu in ratios)]))
    return "\n".join(lines)


def _cell(seconds: float, cpu_seconds: float) -> str:
    return f"{seconds:8.1f} ({cpu_seconds:4.1f})"
