"""Orders in which the landed files may arrive, and a pipeline that loads them repeatedly from a common beginning."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from support.recorded_dbt import record, replay
from support.served import parse_all
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing
from wangjian.orchestration import pipeline
from wangjian.warehouse import build as warehouse
from wangjian.warehouse.dbt import run_dbt


@dataclass(frozen=True)
class Arrival:
    """The order in which the missing exports arrive.

    Attributes:
        seed: the seed of their order.
        cuts: the shares of all exports at which they are split into batches; each batch is parsed by itself.
        delayed: the number of business dates whose exports wait for the last batch.
        repeated: the number of exports that arrive a second time, landed already or not.
        built: the batches after which the warehouse is built; it is always built after the last one.
    """

    seed: int
    cuts: tuple[float, ...]
    delayed: int
    repeated: int
    built: tuple[bool, ...]

    def batches(self, missing: Sequence[Manifest], there: Sequence[Manifest]) -> list[list[Manifest]]:
        """The batches, in order.

        Args:
            missing: the exports that are to arrive.
            there: the exports that are landed already.
        """
        chance = random.Random(self.seed)
        dates = sorted({export.key.business_date for export in missing})
        late = set(chance.sample(dates, min(self.delayed, len(dates))))
        coming = [export for export in missing if export.key.business_date not in late]
        coming += chance.choices([*missing, *there], k=self.repeated)
        chance.shuffle(coming)
        places = [0, *(int(cut * len(coming)) for cut in sorted(self.cuts)), len(coming)]
        found = [coming[first:last] for first, last in pairwise(places)]
        return [*found, [export for export in missing if export.key.business_date in late]]


def arrivals() -> st.SearchStrategy[Arrival]:
    """Return a strategy for any order, batches, delays, repeats and builds in between."""
    return st.builds(
        Arrival,
        seed=st.integers(0, 2**32),
        cuts=st.lists(st.floats(0, 1), max_size=3).map(tuple),
        delayed=st.integers(0, 5),
        repeated=st.integers(0, 20),
        built=st.lists(st.booleans(), max_size=4).map(tuple),
    )


@dataclass
class Beginning:
    """A warehouse of some of the exports, built by dbt. Each order in which the others may arrive starts from it.

    dbt's statements name the data root, so everything happens at one path. Published and landed files of the beginning are restored
    by copying; manifests and raw files are never written to again, so links are copies of them.
    """

    data: DataRoot
    there: Sequence[Manifest]
    missing: Sequence[Manifest]
    statements: list[str] = field(default_factory=list)
    replayed: int = 0

    @property
    def kept(self) -> Path:
        return self.data.root.with_name("beginning")

    def make(self) -> None:
        """Land, parse and build the first exports, and keep a copy."""
        land(self.data, self.there)
        parse_all(self.data)
        pipeline.build(self.data)
        _copy(self.data.root, self.kept)
        # This writes to the warehouse, which is then no finished build, and a build could not add to it.
        self.statements = record(self.data)
        self.put_back()

    def put_back(self) -> None:
        """Restore the state of the beginning."""
        shutil.rmtree(self.data.root)
        _copy(self.kept, self.data.root)

    def arrive(self, arrival: Arrival, *, by_dbt: bool = False) -> DataRoot:
        """Restore the beginning, and let the missing exports arrive.

        Args:
            arrival: their order.
            by_dbt: whether dbt itself builds.

        Returns:
            The data root, built from all of them.
        """
        self.put_back()
        batches = arrival.batches(self.missing, self.there)
        for number, batch in enumerate(batches, start=1):
            land(self.data, batch)
            parse_all(self.data)
            if number == len(batches) or (*arrival.built, *[False] * len(batches))[number - 1]:
                pipeline.build(self.data) if by_dbt else self.build()
        return self.data

    def build(self) -> None:
        """Build as `pipeline.build` does, with dbt's recorded statements if dbt would add to the warehouse."""

        def replayed(data: DataRoot, command: str, progress: Any) -> list[dict[str, Any]]:
            if command != "build":
                return run_dbt(data, command, progress)
            replay(data.warehouse, self.statements)
            self.replayed += 1
            return []

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(warehouse, "run_dbt", replayed)
            pipeline.build(self.data)


def land(data: DataRoot, exports: Iterable[Manifest]) -> None:
    """Write the manifests of exports. Their bytes are in the landing zone already, and a manifest makes them part of it."""
    for export in exports:
        Landing(data.landing).commit(export)


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, copy_function=_copy_file)


def _copy_file(source: str, target: str) -> None:
    if source.endswith(".parquet") or "/manifests/" in source:
        Path(target).hardlink_to(source)
    else:
        # With mode and time: a key that others may read is refused, and a warehouse that changed after its build is built again.
        shutil.copy2(source, target)
