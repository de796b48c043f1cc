"""Does a daily run get slower as history grows? `make bench-history`.

The same bytes are landed once; each data root then holds the last months of them, as if the warehouse had begun then. After that
one more day comes, through parse, build, check and publish, each in a process of its own. Publication copies the whole file, which
must grow with history, so it stands apart.
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
@click.option("--months", default="1,12,36", show_default=True, help="months of history, with commas between")
@click.option("--to", "end", type=DAY, default=str(LAST), show_default=True, help="the day that is added")
@click.option("--scale", default="1.0", show_default=True, help="1.0 is the city in full")
@click.option(
    "--landed", type=click.Path(exists=True, path_type=Path), help="a data root that has it all landed already"
)
def main(months: str, end: date, scale: str, landed: Path | None) -> None:
    """Measure a daily run behind 1, 12 and 36 months of history."""
    counts = tuple(int(count) for count in months.split(","))
    with tempfile.TemporaryDirectory(prefix="wangjian-history-") as folder:
        found = histories(Path(folder), counts, end.date(), scale, landed)  # type: ignore[attr-defined]
    click.echo(history_text(found))


def histories(
    folder: Path,
    months: tuple[int, ...] = (1, 36),
    day: date = LAST,
    world: str = "1.0",
    landed: Path | None = None,
) -> tuple[Daily, ...]:
    """Add a day behind each of several histories.

    Args:
        folder: for all that is written.
        months: how long they are.
        day: the business date that is added.
        world: the scale of the simulated city.
        landed: a data root that has it all landed already; else it is fetched.
    """
    counts = sorted(months)
    source = DataRoot(landed) if landed else land_city(folder / "landed", _begin(day, counts[-1]), day, world)
    return tuple(measure(source, folder / str(count), count, day) for count in counts)


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


if __name__ == "__main__":
    main()
