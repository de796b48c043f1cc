"""Faults that stop a publication, exports that a waiver lets through, and rows that a fixed mapping loads."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from invariants.faults.conftest import SCENARIO
from simulator.faults import Faults
from simulator.scenario import Scenario
from simulator.serving import served
from simulator.systems import Systems
from support.served import ingest_all, parse_all
from wangjian.core.errors import BadArguments, ChecksFailed
from wangjian.core.paths import DBT_PROJECT, DataRoot
from wangjian.governance.waivers import waive, withdraw
from wangjian.orchestration import pipeline
from wangjian.state.quarantine_events import quarantine_events

pytestmark = [pytest.mark.slow, pytest.mark.world("faults", minutes=7)]

# cases take a hundred days from filing to a penalty: the world begins early, and only its last three weeks are fetched
BEGIN, FIRST, LAST = date(2023, 3, 1), date(2023, 5, 30), date(2023, 6, 20)
World = Callable[..., DataRoot]


@pytest.fixture(scope="module")
def systems() -> Systems:
    return Systems(Scenario(seed=SCENARIO.seed, scale=0.005, start=BEGIN, end=LAST))


@pytest.fixture
def world(systems: Systems, tmp_path: Path) -> World:
    """Return a function that fetches and parses the days with some faults; a second call continues in the same data root."""

    def land(*faults: str, last: date = LAST) -> DataRoot:
        data = DataRoot(tmp_path / "data")
        data.root.mkdir(exist_ok=True)
        with served(systems, tmp_path / "simulator", Faults(faults)) as found:
            ingest_all(data, found.connections, FIRST, last)
        parse_all(data)
        return data

    return land


def _published(data: DataRoot, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(data.published / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def _publish(data: DataRoot) -> str:
    pipeline.build(data)
    pipeline.check(data)
    return pipeline.publish(data).publication.publication_id


def _penalty_day(systems: Systems) -> date:
    """Return the last day with penalty items, so that no later row replaces them."""
    return next(day for day in systems.scenario.days()[-2::-1] if systems.jiangxi(day)["case_penalties"])


def test_an_absurd_amount_stops_the_publication_and_readers_keep_the_last(systems: Systems, world: World) -> None:
    day = _penalty_day(systems)
    before = _publish(world(last=date.fromordinal(day.toordinal() - 1)))
    data = world(f"amount_absurd@{day}")
    pipeline.build(data)
    with pytest.raises(ChecksFailed, match=r"fct_case_penalty_amount_range.*amount=99999999999"):
        pipeline.check(data)
    with pytest.raises(ChecksFailed, match="failed 2 critical"):
        pipeline.publish(data)
    assert _published(data, "select max(publication_id) from audit.publication") == [(before,)]


def test_a_waiver_lets_later_exports_load_and_its_withdrawal_holds_them_again(systems: Systems, world: World) -> None:
    day = _penalty_day(systems)
    data = world(f"ctl_rows_off_by_one@{day}")
    _publish(data)
    waiting = "select held_since::varchar, fail_codes, waiting_exports from audit.held_dataset"
    held = [(str(day), "CONTROL_ROWS", (LAST - day).days)]
    assert _published(data, waiting) == held
    with pytest.raises(BadArguments, match="no export of that date failed"):
        waive(data, "jiangxi", "case_penalties", LAST, reason="x", person="王科长")
    with pytest.raises(BadArguments, match="needs a reason"):
        waive(data, "jiangxi", "case_penalties", day, reason=" ", person="王科长")
    waiver = waive(data, "jiangxi", "case_penalties", day, reason="已与省局电话核对", person="王科长")
    _publish(data)
    assert _published(data, waiting) == []
    assert _published(data, "select fail_codes, reason, waived_by from audit.waiver") == [
        ("CONTROL_ROWS", "已与省局电话核对", "王科长")
    ]
    withdraw(data, waiver.export_id, reason="数字有误", person="李局长")
    _publish(data)
    assert _published(data, waiting) == held


def test_a_fixed_mapping_loads_the_rows_and_records_when(
    systems: Systems, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = next(day for day in systems.scenario.days() if day > FIRST and systems.jiangxi(day)["inspections"])
    data = world(f"unknown_code@{day}")
    first = _publish(data)
    assert _published(data, "select reason_codes from audit.quarantine") == [("CODE:result",)]
    # A site's own project, so that the project under test does not change.
    project = shutil.copytree(DBT_PROJECT, tmp_path / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    for module in ("wangjian.warehouse.build", "wangjian.warehouse.dbt"):
        monkeypatch.setattr(f"{module}.DBT_PROJECT", project)
    with (project / "seeds" / "seed_alias.csv").open("ab") as aliases:
        aliases.write("inspection_result,口头教育,ORDERED\n".encode())
    second = _publish(data)
    assert _published(data, "select count(*) from audit.quarantine") == [(0,)]
    found = [(event.event, event.cause, event.publication_id) for event in quarantine_events(data)]
    assert found == [("entered", "broke_contract", first), ("left", "taken_up", second)]
