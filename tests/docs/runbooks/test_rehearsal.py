"""Each fault of the runbooks occurs, and the commands of its page are run: they say what the page says, and then it is over."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from docs.runbooks.conftest import PAGES, SECOND, World
from invariants.conftest import differences
from simulator.faults import Faults
from simulator.scenario import Scenario
from simulator.serving import served
from simulator.systems import Systems
from support.disks import filling, give_space, may_mount, small_disk
from support.pages import blocks
from support.served import parse_all
from wangjian import publishing
from wangjian.core.paths import DBT_PROJECT, DataRoot
from wangjian.state.audit_chain import verify_audit_log
from wangjian.state.corrections import corrections

pytestmark = [pytest.mark.slow, pytest.mark.world("runbooks", minutes=2)]

DAY = date(2023, 3, 30)


def test_a_source_that_is_down(world: World, tmp_path: Path) -> None:
    with served(Systems(Scenario(scale=0.005, start=DAY, end=DAY)), tmp_path, Faults(("http_down",))) as down:
        variable = "AIRFLOW_CONN_WANGJIAN_FIVE_LEVEL"
        world.follow("source-down", "notice", **{variable: down.connections[variable]})
    world.follow("source-down", "others")
    world.follow("source-down", "back")
    world.follow("source-down", "over")


def test_a_full_disk(world: World, tmp_path: Path) -> None:
    if not may_mount(tmp_path / "try"):
        world.rehearsed |= {("disk-full", name) for name in ("notice", "look", "again", "over")}
        pytest.skip("this machine lets nobody mount a small disk: root can")
    with small_disk(tmp_path / "disk") as disk:
        there = str(disk / "data")
        shutil.copytree(world.data.root, there, symlinks=True)
        for day in Path(there).glob("landing/manifests/jiangxi/*/*/2023-03-30.*"):
            day.unlink()
        subprocess.run(filling(disk), check=True)
        world.follow("disk-full", "notice", WANGJIAN_DATA=there)
        world.follow("disk-full", "look", WANGJIAN_DATA=there)
        give_space(disk)
        world.follow("disk-full", "again", WANGJIAN_DATA=there)
        world.follow("disk-full", "over", WANGJIAN_DATA=there)


def test_a_flood_of_bad_rows_and_an_old_calendar_are_noticed_and_fixed(world: World) -> None:
    for page in ("quarantine-flood", "calendar-not-loaded"):
        world.follow(page, "notice")
    world.follow("quarantine-flood", "look")
    for page in ("quarantine-flood", "calendar-not-loaded"):
        world.follow(page, "fix")
    made = world.folder / "dbt_project" / "seeds" / "seed_calendar.csv"
    assert made.read_bytes() == (DBT_PROJECT / "seeds" / "seed_calendar.csv").read_bytes()


def test_a_publication_that_is_held(world: World) -> None:
    world.ingest(*SECOND)
    parse_all(world.data)
    for block in ("notice", "readers"):
        world.follow("publication-held", block)
    world.send_corrected(DAY, wrong="99999999999.00", right="26000.00")
    for block in ("correct", "publish", "over"):
        world.follow("publication-held", block)


def test_the_build_took_the_fixed_seeds_up(world: World) -> None:
    for page in ("quarantine-flood", "calendar-not-loaded"):
        world.follow(page, "over")


def test_wrong_data_that_was_published(world: World) -> None:
    for block in ("notice", "trace", "rollback", "readers", "over"):
        world.follow("wrong-data-published", block)


def test_a_backup_every_night(world: World) -> None:
    world.follow("backup", "every night")
    world.follow("backup", "verify")


def test_a_key_that_is_lost(world: World) -> None:
    without = DataRoot(world.folder / "without")
    shutil.copytree(world.data.root, without.root, symlinks=True)
    for data in (world.data, without):
        shutil.rmtree(data.state / "keys")
    for block in ("notice", "put back", "over"):
        world.follow("key-lost", block)
    world.follow("key-lost", "no backup", WANGJIAN_DATA=str(without.root))
    shutil.rmtree(without.root)


def test_everything_is_lost_but_the_backup(world: World) -> None:
    """Delete everything but the backup, restore: the marts are equal row for row, and readers see what they saw."""
    before = DataRoot(world.folder / "before")
    shutil.copytree(world.data.root, before.root, symlinks=True)
    shown, shelf = publishing.current(world.data), publishing.publications(world.data)
    shutil.rmtree(world.data.root)
    world.follow("backup", "restore")
    # when it was landed is another time for what was fetched again, which is nothing here
    assert differences(before, world.data) == {}
    assert (publishing.current(world.data), publishing.publications(world.data)) == (shown, shelf)
    for publication in shelf:
        with publishing.open_published(world.data, publication) as connection:
            (rows,) = connection.execute("select count(*) from marts.fct_case_penalty").fetchall()[0]
            assert rows > 0
    assert verify_audit_log(world.data).is_whole
    world.follow("backup", "after")


def test_the_wrong_figure_is_corrected_in_the_restored_world(world: World) -> None:
    world.follow("wrong-data-published", "fix")
    decided = [(item.wrong_value, item.right_value) for item in corrections(world.data)]
    assert decided == [("5.00", "98900.00")]


def test_every_command_of_every_page_was_run(world: World) -> None:
    there = {(page.stem, name) for page in PAGES for name in blocks(page)}
    assert len(there) > 25
    assert there - world.rehearsed == set()
