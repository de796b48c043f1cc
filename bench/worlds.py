"""The worlds of the benchmark, landed."""

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
    """Fetch a simulated city into a fresh landing zone.

    Args:
        root: of the data.
        first: first business date.
        last: last business date.
        world: the scale of the simulated world; 1.0 is the city in full.
    """
    data = DataRoot(root)
    data.root.mkdir(parents=True)
    with simulators(data, str(first), str(last), scale=world) as connections:
        environment = {**os.environ, **connections, "WANGJIAN_DATA": str(data.root)}
        Stages(data, environment, data.root.parent / "land.log").fetched(first, last)
    return data


def land_copies(city: DataRoot, root: Path, scale: Scale, last: date) -> DataRoot:
    """Write the exports of a larger world.

    Args:
        city: has the city's exports landed.
        root: of the larger world's data.
        scale: how large.
        last: the last business date; of rosters and scans, only those of its month are written.
    """
    data = DataRoot(root)
    data.landing.mkdir(parents=True)
    # a process that starts another hands its own peak of memory on: what is measured must not come from one that wrote all this
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:
        apart.submit(_copy, city, data, scale, last.replace(day=1)).result()
    return data


def _copy(city: DataRoot, data: DataRoot, scale: Scale, first_of_roster: date) -> None:
    Copier(Landing(city.landing), Landing(data.landing), scale).copy(first_of_roster)


def days_between(first: date, last: date) -> list[date]:
    """Every day from the first to the last."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
