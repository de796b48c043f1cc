"""Measure whether a daily run gets slower as history grows: `make bench-history`.

The files are landed once; each data root then holds their last months, as if the warehouse had begun then. After that one more day
goes through parse, build, check and publish, each in its own process. Publication copies the whole file, which grows with history, so
the sum leaves it out.
"""

from __future__ import annotations

import os
import tempfile
from datetime import date, timedelta
from pathlib import Path

import click

from bench.daily import Daily, history_text
from bench.stages import Stages, share
from bench.worlds import days_between, land_city
from wangjian.core.paths import DataRoot

DAY = click.DateTime(formats=["%Y-%m-%d"])
DAYS_OF_MONTH = 365.25 / 12
LAST = date(2023, 12, 30)


@click.command()
@click.option("--months", default="1,12,36", show_default=True, help="months of history, separated by commas")
@click.option("--to", "end", type=DAY, default=str(LAST), show_default=True, help="the day that is added")
@click.option("--scale", default="1.0", show_default=True, help="1.0 is the whole city")
@click.option(
    "--landed", type=click.Path(exists=True, path_type=Path), help="a data root in which everything is landed already"
)
def main(months: str, end: date, scale: str, landed: Path | None) -> None:
    """Measure a daily run after 1, 12 and 36 months of history."""
    counts = tuple(int(count) for count in months.split(","))
    with tempfile.TemporaryDirectory(prefix="wangjian-history-") as folder:
        days = histories(Path(folder), counts, end.date(), scale, landed)  # type: ignore[attr-defined]
    click.echo(history_text(days))


def histories(
    folder: Path,
    months: tuple[int, ...] = (1, 36),
    day: date = LAST,
    world: str = "1.0",
    landed: Path | None = None,
) -> tuple[Daily, ...]:
    """Add a day after each of several histories and return what it cost, the shortest history first.

    Args:
        folder: the folder for all files.
        months: the length of each history.
        day: the business date that is added.
        world: the scale of the simulated city.
        landed: a data root in which everything is landed already; without it the exports are fetched.
    """
    counts = sorted(months)
    source = DataRoot(landed) if landed else land_city(folder / "landed", _begin(day, counts[-1]), day, world)
    return tuple(measure(source, folder / str(count), count, day) for count in counts)


def _begin(day: date, months: int) -> date:
    return (day - timedelta(days=round(months * DAYS_OF_MONTH) - 2)).replace(day=1)


def measure(source: DataRoot, root: Path, months: int, day: date) -> Daily:
    """Build the history before a day, add the day, and return what the day cost.

    Args:
        source: a data root in which everything is landed.
        root: a fresh folder for the data root.
        months: the length of the history.
        day: the business date that is added.
    """
    data = DataRoot(root)
    stages = Stages(data, {**os.environ, "WANGJIAN_DATA": str(data.root)}, root.with_name("stages.log"))
    share(source, data, days_between(_begin(day, months), day - timedelta(days=1)))
    # not measured: it only makes the history
    stages.processed()
    share(source, data, [day])
    return Daily(months, stages.processed())


if __name__ == "__main__":
    main()
