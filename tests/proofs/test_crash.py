"""Killed at any write, a plain second run reaches the same state; readers see whole publications only; nothing is left lying about.

Each step is killed before some of the system calls by which it changes a file (`support.write_points`), in some of them with half of the
bytes written. In CI a sample of these points, spread over the step; with `PROOF=full` each that differs from its neighbours.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from proofs.conftest import differences
from proofs.uninterrupted import (
    IS_FULL,
    SOURCES,
    World,
    assert_nothing_is_left,
    being_read,
    fingerprint_shown,
    ingest,
    landing_of,
    raw_of,
)
from support.crashing import Step, Stop
from support.write_points import is_possible
from wangjian import pipeline, publishing

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not is_possible(), reason="this machine lets no process be followed (ptrace, seccomp): Linux can"
    ),
    pytest.mark.timeout(6 * 3600 if IS_FULL else 900),
]

# the proofs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES)
def test_killed_while_fetching(world: World, tmp_path: Path, source: str) -> None:
    step = ingest(source)
    whole = world.fresh("ingest", tmp_path / "whole")
    world.done(whole, step)
    for number, stop in enumerate(world.stops(str(step), few=4)):
        data = world.fresh("ingest", tmp_path / str(number))
        world.killed(data, step, stop)
        world.done(data, step)
        assert landing_of(data) == landing_of(whole), stop
        assert_nothing_is_left(data)
        shutil.rmtree(data.root)


@pytest.mark.parametrize("source", SOURCES)
def test_killed_while_parsing(world: World, tmp_path: Path, source: str) -> None:
    step = Step("parse", source)
    whole = world.fresh("parse", tmp_path / "whole")
    world.done(whole, step)
    expected = raw_of(whole, source)
    for number, stop in enumerate(world.stops(str(step), few=3)):
        data = world.fresh("parse", tmp_path / str(number))
        world.killed(data, step, stop)
        world.done(data, step)
        assert raw_of(data, source) == expected, stop
        assert_nothing_is_left(data)
        shutil.rmtree(data.root)


def test_killed_while_publishing_under_a_reader(world: World, tmp_path: Path) -> None:
    expected = publishing.current(world.before("compact"))
    assert expected
    for number, stop in enumerate(world.stops("publish", few=5)):
        data = world.fresh("publish", tmp_path / str(number))
        with being_read(data) as seen:
            world.killed(data, Step("publish"), stop)
            world.done(data, Step("publish"))
        assert set(seen) <= {"20230302-001", "20230302-002"}
        assert sorted(seen) == seen
        shown = publishing.current(data)
        assert shown and shown.publication_id == expected.publication_id == "20230302-002", stop
        assert fingerprint_shown(data) == expected.content_fingerprint == shown.content_fingerprint
        assert pipeline.is_published(data)
        assert_nothing_is_left(data)
        shutil.rmtree(data.root)


@pytest.mark.parametrize("source", SOURCES)
def test_killed_while_compacting(world: World, tmp_path: Path, source: str) -> None:
    step = Step("compact", source)
    expected = raw_of(world.before("compact"), source)
    for number, stop in enumerate(world.stops(str(step), few=3)):
        data = world.fresh("compact", tmp_path / str(number))
        world.killed(data, step, stop)
        assert raw_of(data, source)[0] == expected[0], stop
        world.done(data, step)
        assert raw_of(data, source) == expected, stop
        # what was built of it is built of it still
        assert pipeline.is_published(data)
        assert_nothing_is_left(data)
        shutil.rmtree(data.root)


def test_a_day_on_which_every_step_is_killed(world: World, tmp_path: Path) -> None:
    data = world.fresh("ingest", tmp_path / "data")
    for step in [*(ingest(source) for source in SOURCES), *(Step("parse", source) for source in SOURCES)]:
        world.killed(data, step, world.stops(str(step), few=3)[1])
        world.done(data, step)
    # in the middle of dbt's nodes, in its last checkpoint, and between its end and the note of the build
    for stop in (
        Stop(60, "warehouse.duckdb.wal"),
        Stop(3, r"warehouse\.duckdb$", "tear"),
        Stop(0, "builds.jsonl", "tear"),
    ):
        world.killed(data, Step("build"), stop)
    world.done(data, Step("build"))
    for step in (Step("check"), Step("publish")):
        world.killed(data, step, world.stops(str(step), few=3)[1])
        world.done(data, step)
    assert landing_of(data) == landing_of(world.before("end"))
    assert differences(world.before("end"), data, "fetched_at") == {}
    assert pipeline.is_published(data)
    assert_nothing_is_left(data)
