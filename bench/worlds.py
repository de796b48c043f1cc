"""Land the worlds of the benchmark."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

from bench.copies import Copier
from bench.scales import Scale
from bench.stages import Stages
from wangjian.core.paths import DataRoot
from wangjian.deployment.local.simulators import simulators
from wangjian.ingestion.landing.store import Landing


def land_city(root: Path, first: date, last: date, world: str) -> DataRoot:
    """Fetch a simulated city into a new data root and return it.

    Args:
        root: the folder of the data root.
        first: first business date.
        last: last business date.
        world: the scale of the simulated world; 1.0 is the whole city.
    """
    data = DataRoot(root)
    data.root.mkdir(parents=True)
    with simulators(data, str(first), str(last), scale=world) as connections:
        environment = {**os.environ, **connections, "WANGJIAN_DATA": str(data.root)}
        Stages(data, environment, data.root.parent / "land.log").fetched(first, last)
    return data


def land_copies(city: DataRoot, root: Path, scale: Scale, last: date) -> DataRoot:
    """Write the exports of a larger world into a new data root and return it.

    Args:
        city: the data root in which the city is landed.
        root: the folder of the larger world's data root.
        scale: the number of copies.
        last: the last business date; only the rosters and scans of its month are written.
    """
    data = DataRoot(root)
    data.landing.mkdir(parents=True)
    # a new process starts with the memory peak of its parent: if this process wrote the copies, every stage measured later would show
    # that peak
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:
        apart.submit(_copy, city, data, scale, last.replace(day=1)).result()
    return data


def _copy(city: DataRoot, data: DataRoot, scale: Scale, first_of_roster: date) -> None:
    Copier(Landing(city.landing), Landing(data.landing), scale).copy(first_of_roster)


def days_between(first: date, last: date) -> list[date]:
    """Return every day from the first to the last."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
