"""Ways in which the landed files may arrive, and a pipeline that takes them in again and again from a common beginning."""

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
    """How exports that are not there yet arrive.

    Attributes:
        seed: of their order.
        cuts: where they are split into batches, as shares of all; each batch is parsed by itself.
        delayed: so many business dates wait for the last batch, with all that belongs to them.
        repeated: so many exports, there already or not, arrive once more.
        built: after which batches the warehouse is built; after the last one always.
    """

    seed: int
    cuts: tuple[float, ...]
    delayed: int
    repeated: int
    built: tuple[bool, ...]

    def batches(self, missing: Sequence[Manifest], there: Sequence[Manifest]) -> list[list[Manifest]]:
        """The batches, in order.

        Args:
            missing: what is to arrive.
            there: what is landed already.
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
    """Any order, batches, delays, repeats and builds in between."""
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
    """A warehouse of some of the exports, built by dbt, to which one comes back for each way in which the others may arrive.

    dbt's statements name the data root, so everything happens at one path. What was published or landed there before is put back
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
        """Land, parse and build what is there, and keep it."""
        land(self.data, self.there)
        parse_all(self.data)
        pipeline.build(self.data)
        _copy(self.data.root, self.kept)
        # writes to the warehouse, which then is no finished build any more: nothing could be added to it
        self.statements = record(self.data)
        self.put_back()

    def put_back(self) -> None:
        """As if nothing had come since the beginning."""
        shutil.rmtree(self.data.root)
        _copy(self.kept, self.data.root)

    def arrive(self, arrival: Arrival, *, by_dbt: bool = False) -> DataRoot:
        """Let the missing exports arrive, as if nothing had since the beginning.

        Args:
            arrival: how.
            by_dbt: build with dbt itself.

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
        """`pipeline.build`, but with dbt's recorded statements wherever it would let dbt add to the warehouse."""

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
    """The bytes are there: their manifests are what makes them part of the landing zone."""
    for export in exports:
        Landing(data.landing).commit(export)


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, copy_function=_copy_file)


def _copy_file(source: str, target: str) -> None:
    if source.endswith(".parquet") or "/manifests/" in source:
        Path(target).hardlink_to(source)
    else:
        # with its mode and time: a key that others may read is refused, a warehouse written to since its build is built anew
        shutil.copy2(source, target)
