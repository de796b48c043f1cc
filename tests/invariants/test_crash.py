"""After a kill at any write, a second run ends in the same state, readers see complete publications only, and no temporary file stays.

Each step is killed before some of the system calls that change a file (`support.write_points`), in some of them with half of the
bytes written. CI uses a few of these points, spread over the step; `PROOF=full` uses many times as many.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from invariants.conftest import differences
from invariants.uninterrupted import (
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
from wangjian import publishing
from wangjian.core.paths import DataRoot
from wangjian.orchestration import pipeline

pytestmark = [
    pytest.mark.world("crash", minutes=7),
    pytest.mark.slow,
    pytest.mark.skipif(
        not is_possible(), reason="this machine lets no process be followed (ptrace, seccomp): Linux can"
    ),
]

WAL = r"warehouse\.duckdb\.wal"

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
    assert source == "third_party" or any("_ledger" in point.path for point in world.points[str(step)]), (
        "nothing was merged"
    )
    expected = raw_of(world.before("compact"), source)
    for number, stop in enumerate(world.stops(str(step), few=3)):
        data = world.fresh("compact", tmp_path / str(number))
        world.killed(data, step, stop)
        assert raw_of(data, source)[0] == expected[0], stop
        world.done(data, step)
        assert raw_of(data, source) == expected, stop
        # The build of these files is still valid.
        assert pipeline.is_published(data)
        assert_nothing_is_left(data)
        shutil.rmtree(data.root)


@pytest.mark.everyday
def test_a_day_on_which_every_step_is_killed(world: World, tmp_path: Path) -> None:
    data = world.fresh("ingest", tmp_path / "data")
    for step in [*(ingest(source) for source in SOURCES), *(Step("parse", source) for source in SOURCES)]:
        world.killed(data, step, world.stops(str(step), few=3)[1])
        world.done(data, step)
    # Only dbt is interrupted, with some of its nodes finished: that is not a finished build.
    _interrupt_dbt(world, data)
    # The kill is within the last checkpoint: half a header is written.
    world.killed(data, Step("build"), Stop(3, r"warehouse\.duckdb$", "tear"))
    world.done(data, Step("build"))
    for step in (Step("check"), Step("publish")):
        world.killed(data, step, world.stops(str(step), few=3)[1])
        world.done(data, step)
    assert landing_of(data) == landing_of(world.before("end"))
    assert differences(world.before("end"), data, "fetched_at") == {}
    assert pipeline.is_published(data)
    assert_nothing_is_left(data)


def _interrupt_dbt(world: World, data: DataRoot) -> None:
    """Interrupt dbt. Python drops an interrupt within a callback; dbt then ends normally, and another point is tried."""
    for part in (2, 3, 5, 7):
        outcome, said = world.crashes.run(
            data.root, Step("build"), Stop(world.count("build", WAL) // part, WAL, "interrupt")
        )
        if outcome.exit_code == 1:
            assert "dbt broke off" in said, said
            return
        assert pipeline.warehouse.is_current(data), said
        (data.root / "warehouse.inputs").unlink()
    pytest.fail("dbt cannot be interrupted")


@pytest.mark.parametrize("at", [1, 60, 120])
def test_killed_while_a_rebuild_clears_raw(world: World, tmp_path: Path, at: int) -> None:
    data = world.fresh("compact", tmp_path / "data")
    world.killed(data, Step("rebuild"), Stop(at, "^raw/"))
    for source in SOURCES:
        world.done(data, Step("parse", source))
        assert raw_of(data, source)[0] == raw_of(world.before("compact"), source)[0]


@pytest.mark.parametrize("name", ["build", "check", "docs"])
def test_long_steps_survive_a_kill_at_any_time(world: World, tmp_path: Path, name: str) -> None:
    before = name if name in ("build", "check") else "end"
    if name == "docs":
        world.done(world.fresh(before, tmp_path / "whole"), Step(name))
    for number, stop in enumerate(world.stops(name, few=2)):
        data = world.fresh(before, tmp_path / str(number))
        world.killed(data, Step(name), stop)
        world.done(data, Step(name))
        assert differences(world.before("end"), data, "fetched_at") == {}, stop
        assert_nothing_is_left(data)
        shutil.rmtree(data.root)
