"""An uninterrupted day of the pipeline: the state before each step, and what must be equal after a crash or a full disk."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from simulator.faults import Faults
from simulator.scenario import Scenario
from simulator.serving import served
from simulator.systems import Systems
from support.crashing import Crashes, Step, Stop, crashes
from support.landed import ledger, raw_rows
from support.write_points import WritePoint, deciding
from wangjian import publishing
from wangjian.core.files import remove_abandoned
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing.raw import Partition
from wangjian.ingestion.sources.registry import load_registry
from wangjian.publishing.content import read_content
from wangjian.warehouse.labels import load_labels

IS_FULL = os.environ.get("PROOF") == "full"
"""`make proof`: a year instead of twenty days, and far more tries."""

# A turn of a month has monthly deliveries, a month that can be compacted, rows in quarantine and a dataset that waits.
FIRST, MIDDLE, LAST = date(2023, 2, 26), date(2023, 2, 27), date(2023, 3, 2)
FAULTS = Faults(("unknown_code@2023-03-02", "short_line@2023-03-01", "sftp_wrong_hash@2023-03-02"))
SOURCES = tuple(load_registry())

MOST, MOST_OF_LONG = 25, {"build": 12, "check": 8, "docs": 5}
"""`PROOF=full`: at so many points of a step, spread over it; at fewer of the steps that take long."""


def ingest(source: str, first: date = MIDDLE, last: date = LAST) -> Step:
    return Step("ingest", source, str(first), str(last))


@dataclass
class World:
    """The uninterrupted run: the state before each step, and the write points of the step."""

    folder: Path
    crashes: Crashes
    points: dict[str, list[WritePoint]] = field(default_factory=dict)

    def before(self, step: str) -> DataRoot:
        return DataRoot(self.folder / f"before {step}")

    def fresh(self, step: str, root: Path) -> DataRoot:
        shutil.copytree(self.before(step).root, root, symlinks=True)
        return DataRoot(root)

    def done(self, data: DataRoot, step: Step) -> None:
        """Run a step to its end."""
        outcome, said = self.crashes.run(data.root, step)
        assert outcome.exit_code == 0, f"{step}: {said}"
        self.points.setdefault(str(step), outcome.points)

    def killed(self, data: DataRoot, step: Step, stop: Stop) -> None:
        """Kill a step before its end."""
        outcome, said = self.crashes.run(data.root, step, stop)
        assert outcome.was_killed, f"{step}, {stop}: {said}"

    def was_killed(self, data: DataRoot, step: Step, stop: Stop) -> bool:
        """Kill a step, unless it ends before the point of the kill."""
        outcome, said = self.crashes.run(data.root, step, stop)
        assert outcome.was_killed or outcome.exit_code == 0, f"{step}, {stop}: {said}"
        return outcome.was_killed

    def count(self, step: str, path: str) -> int:
        """Return the number of writes of a step to matching paths."""
        return sum(bool(re.search(path, point.path)) for point in self.points[step])

    def stops(self, step: str, few: int) -> list[Stop]:
        """Return the points at which to kill a step: evenly over all, every third one within a write."""
        points = self.points[step]
        numbers = deciding(points)
        if step in MOST_OF_LONG:
            # The number of their writes varies a little between runs, so the very last points may never occur.
            numbers = numbers[: len(numbers) * 19 // 20]
        most = MOST_OF_LONG.get(step.split(maxsplit=1)[0], MOST) if IS_FULL else few
        chosen = [numbers[i * (len(numbers) - 1) // max(1, most - 1)] for i in range(min(most, len(numbers)))]
        is_write = [points[number].call in ("write", "pwrite64") for number in chosen]
        return [
            Stop(number, how="tear" if write and place % 3 == 1 else "kill")
            for place, (number, write) in enumerate(zip(chosen, is_write, strict=True))
        ]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("crash")
    systems = Systems(Scenario(seed=7, scale=0.005, start=FIRST, end=LAST))
    with served(systems, folder / "simulator", FAULTS) as found, crashes(found.connections, folder / "log") as process:
        made = World(folder, process)
        _run_uninterrupted(made, DataRoot(folder / "uninterrupted"))
        yield made


def _run_uninterrupted(world: World, data: DataRoot) -> None:
    data.root.mkdir()
    for source in SOURCES:
        world.done(data, ingest(source, FIRST, MIDDLE))
        world.done(data, Step("parse", source))
    # This is the first batch of a month. The second one follows, and compaction merges the two.
    world.points.clear()
    days: list[tuple[str, list[Step]]] = [
        ("ingest", [ingest(source) for source in SOURCES]),
        ("parse", [Step("parse", source) for source in SOURCES]),
        ("build", [Step("build")]),
        ("check", [Step("check"), Step("publish otherwise")]),
        ("publish", [Step("publish")]),
        ("compact", [Step("compact", source) for source in SOURCES]),
        ("end", []),
    ]
    for name, steps in days:
        shutil.copytree(data.root, world.before(name).root, symlinks=True)
        for step in steps:
            world.done(data, step)


# what must be the same ----------------------------------------------------------------------------------------------


def landing_of(data: DataRoot) -> Any:
    """Return every export with its bytes, and the stored objects, without the time of fetching."""
    landing = Landing(data.landing)
    exports = [
        (export.key, [(file.part, file.role, file.sha256) for file in export.files]) for export in landing.exports()
    ]
    objects = sorted(path.name for path in (data.landing / "objects").glob("*/*"))
    notes = [path.name for path in (data.landing / "partial").rglob("*.jsonl")]
    return sorted(map(repr, exports)), objects, notes


def raw_of(data: DataRoot, source: str) -> Any:
    """Return the rows of a source that count, its ledger without times and batches, and the files that no ledger names."""
    found, orphans = [], []
    for path in sorted((data.raw / "_ledger" / source).glob("*/*.parquet")):
        dataset = path.parts[-2]
        partition = Partition(data, source, dataset, path.stem)
        batches = {row["batch_id"] for row in partition.read_ledger()}
        files = [*partition.folder.glob("*"), *partition.rejects_file("x").parent.glob("*")]
        orphans += [file.name for file in files if file.stem not in batches and not file.name.startswith(".")]
        rows = raw_rows(data, source, dataset) if any(partition.folder.glob("*.parquet")) else []
        found.append((source, dataset, path.stem, ledger(data, source, dataset), rows))
    return found, orphans


def leftovers(data: DataRoot) -> list[str]:
    """Return the temporary files below a data root."""
    marks = (".tmp", ".building-", ".partial", ".wal")
    return [str(path) for path in data.root.rglob("*") if any(mark in path.name for mark in marks)]


def assert_nothing_is_left(data: DataRoot) -> None:
    """Remove abandoned files of any age, and check that no temporary file, report or publication is left over."""
    remove_abandoned(data.root, age=timedelta(0))
    assert leftovers(data) == []
    assert len(list(data.docs.glob(".checks-*"))) <= 2
    shown = {path.name for path in data.published.glob("*")}
    known = {publication.file_name for publication in publishing.publications(data)}
    assert shown <= known | {"warehouse.duckdb"}


def fingerprint_shown(data: DataRoot) -> str:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{(data.published / 'warehouse.duckdb').resolve()}' as shown (read_only)")
        return read_content(connection, "shown", load_labels()).fingerprint


@contextmanager
def being_read(data: DataRoot) -> Iterator[list[str]]:
    """Read the published file in a loop, as a BI tool does, while the block runs; yield the publications that it saw."""
    ended, seen, broken = threading.Event(), list[str](), list[str]()

    def read() -> None:
        # A pause between two readings leaves the processor to the step under test.
        while not ended.wait(0.02):
            try:
                with duckdb.connect(str(data.published / "warehouse.duckdb"), read_only=True) as connection:
                    row = connection.execute(
                        "select (select max(publication_id) from audit.publication), (select count(*) > 0 from marts.fct_lead), "
                        "(select count(*) > 0 from reports.rpt_kpi), (select count(*) > 0 from audit.run_log)"
                    ).fetchone()
                assert row and all(row), row
                seen.append(row[0])
            except Exception as error:
                broken.append(repr(error))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield seen
    finally:
        ended.set()
        reader.join()
    assert not broken, broken[:3]
    assert seen, "no reader read anything"
