"""Does a daily run get slower as history grows? `make bench-history`.

The same bytes are landed once; each data root then holds the last months of them, as if the warehouse had begun then. After that
one more day comes, through parse, build, check and publish, each in a process of its own. Publication copies the whole file, which
must grow with history, so it stands apart.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import click

from bench.measure import Cost
from bench.stages import Stages, share
from bench.worlds import days_between, land_city
from wangjian.paths import DataRoot

DAY = click.DateTime(formats=["%Y-%m-%d"])
DAYS_OF_MONTH = 365.25 / 12


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


@click.command()
@click.option("--months", default="1,12,36", show_default=True, help="months of history, with commas between")
@click.option("--to", "end", type=DAY, default="2023-12-30", show_default=True, help="the day that is added")
@click.option("--scale", default="1.0", show_default=True, help="1.0 is the city in full")
@click.option(
    "--landed", type=click.Path(exists=True, path_type=Path), help="a data root that has it all landed already"
)
def main(months: str, end: date, scale: str, landed: Path | None) -> None:
    """Measure a daily run behind 1, 12 and 36 months of history."""
    day = end.date()  # type: ignore[attr-defined]
    counts = sorted(int(text) for text in months.split(","))
    with tempfile.TemporaryDirectory(prefix="wangjian-history-") as folder:
        source = DataRoot(landed) if landed else land_city(Path(folder) / "landed", _begin(day, counts[-1]), day, scale)
        found = [measure(source, Path(folder) / str(count), count, day) for count in counts]
    click.echo(text(found))


def _begin(day: date, months: int) -> date:
    return (day - timedelta(days=round(months * DAYS_OF_MONTH) - 2)).replace(day=1)


def measure(source: DataRoot, root: Path, months: int, day: date) -> Daily:
    """Build what came before the day, add the day, and measure what that costs.

    Args:
        source: has everything landed.
        root: a fresh folder for the data root.
        months: of history.
        day: the business date that is added.
    """
    data = DataRoot(root)
    stages = Stages(data, {**os.environ, "WANGJIAN_DATA": str(data.root)}, root.with_name("stages.log"))
    share(source, data, days_between(_begin(day, months), day - timedelta(days=1)))
    stages.processed()
    share(source, data, [day])
    return Daily(months, stages.processed())


def text(found: Sequence[Daily]) -> str:
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


if __name__ == "__main__":
    main()
