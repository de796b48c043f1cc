"""Archiving moves bytes and loses nothing: exports still count, shared bytes stay, and a second run finishes an interrupted one."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from operations.archive.conftest import CUT, NEW, OLD, named, objects, parse_two_systems
from support.cut_off import run_cut_off
from support.holding import held_elsewhere
from support.landed import land, ledger, penalties, raw_rows
from wangjian.cli import main
from wangjian.core.errors import ArchiveDamaged, ArchiveUnavailable, BadArguments, Busy, WangjianError
from wangjian.core.files import remove_abandoned, sha256_of
from wangjian.core.locks import landing_in_use
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.archived import landing_of, require_everything
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing import ledger_fingerprint, parse, read_ledgers, unparsed
from wangjian.ingestion.sources.registry import get_source
from wangjian.operations.archive import Selection, archive, archives, make_plan, restore, verify
from wangjian.state import runs
from wangjian.state.archives import archived

SOURCES = ("five_level", "jiangxi")
DATASETS = (("five_level", "monitoring_tasks"), ("jiangxi", "case_penalties"))


def everything(data: DataRoot) -> list[Any]:
    """Return the rows and the ledger of both systems."""
    return [(raw_rows(data, *dataset), ledger(data, *dataset)) for dataset in DATASETS]


# moving --------------------------------------------------------------------------------------------------------------


def test_old_bytes_move_and_shared_bytes_stay(data: DataRoot, folder: Path) -> None:
    old, new = named(data, *OLD), named(data, *NEW)
    shared = old & new
    assert len(shared) == 2, "a header-only file and its control file"
    report = archive(data, CUT, folder)
    assert objects(folder) == old, "an archive holds all bytes of its exports"
    assert objects(data.landing) == new
    assert (len(report.plan.exports), report.removed) == (6, len(old - new))
    assert set(report.plan.staying) == shared


def test_every_file_of_an_archive_can_be_checked_without_wangjian(data: DataRoot, folder: Path) -> None:
    archive(data, CUT, folder)
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(objects(folder)) + 6


def test_shared_bytes_move_with_the_last_export_that_needs_them(data: DataRoot, folder: Path, tmp_path: Path) -> None:
    archive(data, CUT, folder)
    archive(data, date(2024, 1, 1), tmp_path / "second")
    assert objects(data.landing) == set()
    assert objects(tmp_path / "second") == named(data, *NEW)
    assert verify(folder, data).is_whole
    assert verify(tmp_path / "second", data).is_whole


def test_a_second_run_has_nothing_to_do(data: DataRoot, folder: Path) -> None:
    archive(data, CUT, folder)
    before = (data.state / "archives.jsonl").read_bytes()
    report = archive(data, CUT, folder)
    assert (len(report.plan.exports), report.copied_bytes, report.removed) == (0, 0, 0)
    assert (data.state / "archives.jsonl").read_bytes() == before


def test_exports_of_one_archive_do_not_go_to_another(data: DataRoot, folder: Path, tmp_path: Path) -> None:
    archive(data, CUT, folder)
    report = archive(data, CUT, tmp_path / "other")
    assert (len(report.plan.exports), report.plan.elsewhere) == (0, 6)


def test_one_source_alone_moves(data: DataRoot, folder: Path) -> None:
    archive(data, CUT, folder, ["five_level"])
    assert {export.key.source for export in Landing(folder).exports()} == {"five_level"}
    assert {event.source for event in archived(data).values()} == {"five_level"}


def test_a_plan_changes_nothing(data: DataRoot, folder: Path) -> None:
    before = objects(data.landing)
    plan = make_plan(data, CUT, folder, SOURCES)
    assert (len(plan.exports), len(plan.leaving), len(plan.staying)) == (6, 7, 2)
    assert objects(data.landing) == before
    assert not folder.exists()


def test_the_state_records_each_moved_export(data: DataRoot, folder: Path) -> None:
    archive(data, CUT, folder)
    (run,) = [run for run in runs(data) if run.step == "archive"]
    (found,) = archives(data)
    assert (run.outcome, run.files) == ("succeeded", 7)
    assert (found.folder, found.exports, str(found.first), str(found.last)) == (folder, 6, OLD[0], OLD[-1])
    event = next(iter(archived(data).values()))
    manifest = (
        folder / f"manifests/{event.source}/{event.dataset}/2022-12/{event.business_date}.{event.export_id}.jsonl"
    )
    assert (event.manifest_sha256, event.run_id) == (sha256_of(manifest), run.run_id)


# what must not be moved ----------------------------------------------------------------------------------------------


def test_unparsed_exports_are_not_archived(data: DataRoot, folder: Path) -> None:
    land(data, "jiangxi", "case_penalties", "2022-12-01", penalties("赣市监立〔2022〕77号,1,1,罚款,5.00,,,"))
    before = objects(data.landing)
    with pytest.raises(WangjianError, match=r"1 exports are not parsed.*2022-12-01.*wangjian parse jiangxi"):
        archive(data, CUT, folder)
    assert objects(data.landing) == before


def test_bytes_of_an_unfinished_fetch_stay(data: DataRoot, folder: Path) -> None:
    landing = Landing(data.landing)
    export = next(e for e in landing.exports("five_level") if str(e.key.business_date) == OLD[0])
    landing.note_progress(export.key.model_copy(update={"version": 2}), export.files[0])
    (note,) = (data.landing / "partial").rglob("*.jsonl")
    note.write_bytes(note.read_bytes() + b'{"part": "torn')
    archive(data, CUT, folder)
    assert landing.object_path(export.files[0].sha256).exists()


def test_nothing_is_removed_while_a_source_is_fetched(data: DataRoot, folder: Path) -> None:
    """A fetch has landed bytes and no manifest yet. The removal waits for it and then sees its manifest."""
    script = (
        "import sys; from pathlib import Path; from datetime import date; from wangjian.operations.archive import archive;"
        "from wangjian.core.paths import DataRoot; archive(DataRoot(Path(sys.argv[1])), date(2023, 1, 1), Path(sys.argv[2]))"
    )
    landing = Landing(data.landing)
    export = next(e for e in landing.exports("five_level") if str(e.key.business_date) == OLD[0])
    with landing_in_use(data, "fetch"):
        process = subprocess.Popen([sys.executable, "-c", script, str(data.root), str(folder)])
        while not (data.state / "archives.jsonl").exists():
            assert process.poll() is None
            time.sleep(0.01)
        assert landing.object_path(export.files[0].sha256).exists()
        later = export.key.model_copy(update={"business_date": date(2023, 1, 9)})
        landing.commit(export.model_copy(update={"key": later}))
    assert process.wait(60) == 0
    assert landing.object_path(export.files[0].sha256).exists(), "an export that came meanwhile needs it"


def test_two_archivings_at_once_are_refused(data: DataRoot, folder: Path) -> None:
    with (
        held_elsewhere(data.state / "locks" / "archive.lock", "archive"),
        pytest.raises(Busy, match="another process"),
    ):
        archive(data, CUT, folder)


@pytest.mark.parametrize("name", ["landing", "landing/objects", "raw/x", "state", "."])
def test_an_archive_among_our_own_files_is_refused(data: DataRoot, name: str) -> None:
    before = objects(data.landing)
    with pytest.raises(BadArguments, match="must not lie among the warehouse's own files"):
        archive(data, CUT, data.root / name)
    assert objects(data.landing) == before


def test_a_link_that_leads_back_into_landing_loses_nothing(data: DataRoot, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "ARCHIVE.txt").write_text("")
    (folder / "objects").symlink_to(data.landing / "objects")
    before = objects(data.landing)
    with pytest.raises(ArchiveDamaged):
        archive(data, CUT, folder)
    assert objects(data.landing) == before


def test_a_folder_that_holds_something_else_is_refused(data: DataRoot, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "letters.docx").write_text("")
    with pytest.raises(BadArguments, match="holds something else"):
        archive(data, CUT, folder)


def test_too_little_room_is_reported_before_anything_moves(
    data: DataRoot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = objects(data.landing)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1))
    with pytest.raises(WangjianError, match="not enough free space"):
        archive(data, CUT, folder)
    assert objects(data.landing) == before
    assert objects(folder) == set() if (folder / "objects").exists() else True


# an archived export still counts -------------------------------------------------------------------------------------


def test_an_archived_export_still_counts(data: DataRoot, folder: Path) -> None:
    before, fingerprint = everything(data), ledger_fingerprint(read_ledgers(data))
    archive(data, CUT, folder)
    shutil.move(folder, folder.with_name("away"))
    for source in SOURCES:
        assert parse(get_source(source), data).files == 0
        assert unparsed(get_source(source), data) == frozenset()
    assert everything(data) == before
    assert ledger_fingerprint(read_ledgers(data)) == fingerprint, "archiving is no reason to build again"


def test_the_same_delivery_is_known_and_does_not_land_again(data: DataRoot, folder: Path) -> None:
    landing = Landing(data.landing)
    export = next(e for e in landing.exports("jiangxi") if str(e.key.business_date) == OLD[0])
    contents = [landing.read(file.sha256) for file in export.files]
    archive(data, CUT, folder)
    stored = [landing.put_bytes(content).sha256 for content in contents]
    assert stored == [file.sha256 for file in export.files]
    assert not landing.commit(export), "a second fetch is not a new export"
    assert parse(get_source("jiangxi"), data).files == 0
    # The same bytes that a later export landed again are archived too.
    assert archive(data, CUT, folder).removed == 2
    assert objects(data.landing) == named(data, *NEW)


def test_a_late_export_of_an_archived_month_lands(data: DataRoot, folder: Path) -> None:
    before = len(raw_rows(data, "jiangxi", "case_penalties"))
    archive(data, CUT, folder)
    shutil.move(folder, folder.with_name("away"))
    late = penalties("赣市监立〔2022〕77号,1,1,罚款,5.00,,,")
    land(data, "jiangxi", "case_penalties", OLD[0], late, version=2)
    assert parse(get_source("jiangxi"), data).rows == 1
    assert len(raw_rows(data, "jiangxi", "case_penalties")) == before + 1


def _anew(dataset: str, month: str) -> bool:
    return True


def test_a_month_is_parsed_again_from_its_archive(data: DataRoot, folder: Path) -> None:
    before = everything(data)
    archive(data, CUT, folder)
    for source in SOURCES:
        assert parse(get_source(source), data, again=_anew).files > 0
    assert everything(data) == before
    shutil.rmtree(data.raw)
    require_everything(data)
    parse_two_systems(data)
    assert everything(data) == before


def test_without_its_archive_nothing_is_lost_and_the_archive_is_named(data: DataRoot, folder: Path) -> None:
    before = everything(data)
    archive(data, CUT, folder)
    shutil.move(folder, folder.with_name("away"))
    with pytest.raises(ArchiveUnavailable) as caught:
        parse(get_source("jiangxi"), data, again=_anew)
    said = str(caught.value)
    # The third is a header-only file, which another export still needs in landing.
    assert "2 exports" in said and str(folder) in said and "source=jiangxi" in said
    assert f"wangjian archive restore FOLDER --source jiangxi --from {OLD[0]} --to {OLD[1]}" in said
    assert everything(data) == before


def test_the_other_months_are_parsed_without_the_archive(data: DataRoot, folder: Path) -> None:
    archive(data, CUT, folder)
    shutil.move(folder, folder.with_name("away"))
    land(data, "jiangxi", "case_penalties", "2023-01-03", penalties("赣市监立〔2023〕1号,1,1,罚款,5.00,,,"))
    with pytest.raises(ArchiveUnavailable):
        parse(get_source("jiangxi"), data, again=lambda dataset, month: month == "2022-12")
    assert unparsed(get_source("jiangxi"), data) == frozenset()


def test_missing_bytes_without_an_archive_are_reported(data: DataRoot) -> None:
    landing = Landing(data.landing)
    export = next(iter(landing.exports("jiangxi")))
    landing.object_path(export.files[0].sha256).unlink()
    with pytest.raises(WangjianError, match="a landed file is missing"):
        require_everything(data)


# damage --------------------------------------------------------------------------------------------------------------


def _spoil(path: Path) -> None:
    path.chmod(0o640)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _one_object(folder: Path, data: DataRoot) -> Path:
    return Landing(folder).object_path(min(named(data, OLD[0]) - named(data, *NEW)))


def test_one_changed_bit_is_found(data: DataRoot, folder: Path) -> None:
    archive(data, CUT, folder)
    assert verify(folder, data).is_whole
    spoiled = _one_object(folder, data)
    _spoil(spoiled)
    found = verify(folder, data)
    assert (found.is_whole, found.damaged, found.missing) == (False, (str(spoiled.relative_to(folder)),), ())


def test_missing_files_are_found(data: DataRoot, folder: Path) -> None:
    archive(data, CUT, folder)
    gone = _one_object(folder, data)
    gone.unlink()
    manifest = next((folder / "manifests").rglob("*.jsonl"))
    manifest.unlink()
    found = verify(folder)
    assert found.missing == tuple(sorted(str(path.relative_to(folder)) for path in (gone, manifest)))


def test_a_missing_or_changed_list_of_hashes_is_found(data: DataRoot, folder: Path) -> None:
    archive(data, CUT, folder)
    sums = folder / "SHA256SUMS"
    manifest = next((folder / "manifests").rglob("*.jsonl"))
    text = manifest.read_text().replace("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z")
    before = sha256_of(manifest)
    manifest.write_text(text)
    sums.write_text(sums.read_text().replace(before, sha256_of(manifest)))
    assert verify(folder).is_whole, "a person who changes both deceives the archive's own list,"
    assert verify(folder, data).damaged == (str(manifest.relative_to(folder)),), "but not the hashes in the state"
    sums.unlink()
    assert "SHA256SUMS" in verify(folder, data).missing
    sums.write_text("nonsense\n")
    with pytest.raises(ArchiveDamaged, match="list of hashes"):
        verify(folder)


def test_damaged_bytes_are_never_parsed(data: DataRoot, folder: Path) -> None:
    before = everything(data)
    archive(data, CUT, folder)
    for source in SOURCES:
        event = next(e for e in archived(data).values() if e.source == source and str(e.business_date) == OLD[0])
        export = next(e for e in Landing(folder).exports() if e.export_id == event.export_id)
        _spoil(Landing(folder).object_path(export.files[0].sha256))
        with pytest.raises(ArchiveDamaged, match="an archived file is damaged"):
            parse(get_source(source), data, again=_anew)
    assert everything(data) == before
    with pytest.raises(ArchiveDamaged):
        require_everything(data)


def test_damaged_landing_is_found_before_anything_leaves(data: DataRoot, folder: Path) -> None:
    spoiled = Landing(data.landing).object_path(min(named(data, OLD[0]) - named(data, *NEW)))
    _spoil(spoiled)
    before = objects(data.landing)
    with pytest.raises(ArchiveDamaged, match="landed bytes are not what they were") as caught:
        archive(data, CUT, folder)
    assert str(spoiled) in str(caught.value)
    assert objects(data.landing) == before


def test_a_damaged_copy_is_written_again_while_landing_has_the_bytes(data: DataRoot, folder: Path) -> None:
    archive(data, CUT, folder)
    restore(data, folder)
    spoiled = _one_object(folder, data)
    _spoil(spoiled)
    archive(data, CUT, folder)
    assert verify(folder, data).is_whole


# restoring -----------------------------------------------------------------------------------------------------------


def test_bytes_are_restored_from_the_present_folder_of_the_archive(data: DataRoot, folder: Path) -> None:
    before, rows = objects(data.landing), everything(data)
    archive(data, CUT, folder)
    away = Path(shutil.move(folder, folder.with_name("away")))
    report = restore(data, away)
    assert (report.exports, report.files, report.new_exports) == (6, 7, 0)
    assert objects(data.landing) == before
    assert archived(data) == {}
    assert Landing(data.landing).object_path(min(before)).stat().st_mode & 0o777 == 0o440
    for source in SOURCES:
        parse(get_source(source), data, again=_anew)
    assert everything(data) == rows
    assert verify(away).is_whole, "the archive stays as it is"


def test_a_selection_is_restored(data: DataRoot, folder: Path) -> None:
    archive(data, CUT, folder)
    restore(data, folder, Selection(sources=("jiangxi",), first=date(2022, 12, 30), last=date(2022, 12, 30)))
    assert len(archived(data)) == 5
    with pytest.raises(BadArguments, match="no export in the archive meets the conditions"):
        restore(data, folder, Selection(sources=("third_party",)))


def test_restored_exports_can_be_archived_again(data: DataRoot, folder: Path) -> None:
    archive(data, CUT, folder)
    restore(data, folder)
    report = archive(data, CUT, folder)
    assert (report.copied_bytes, report.removed) == (0, 7)
    assert len(archived(data)) == 6


def test_damage_stops_the_restore_of_its_own_export_only(data: DataRoot, folder: Path) -> None:
    archive(data, CUT, folder)
    _spoil(_one_object(folder, data))
    with pytest.raises(ArchiveDamaged, match="1 files of the archive"):
        restore(data, folder)
    assert len(archived(data)) == 1
    assert not any(path.name.startswith(".") for path in (data.landing / "objects").rglob("*"))


def test_a_lost_landing_zone_is_restored_from_its_archives(data: DataRoot, folder: Path, tmp_path: Path) -> None:
    archive(data, date(2024, 1, 1), folder)
    fresh = DataRoot(tmp_path / "fresh")
    assert restore(fresh, folder).new_exports == 10
    parse_two_systems(fresh)
    assert everything(fresh) == everything(data)


def test_a_folder_without_an_archive_is_refused(data: DataRoot, tmp_path: Path) -> None:
    with pytest.raises(BadArguments, match="there is no archive"):
        restore(data, tmp_path / "nowhere")
    with pytest.raises(BadArguments, match="there is no archive"):
        verify(tmp_path / "nowhere")


# interruptions -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("what", ["archive", "restore"])
def test_a_kill_at_any_step_loses_nothing_and_a_second_run_finishes(data: DataRoot, folder: Path, what: str) -> None:
    job: tuple[Any, ...] = (archive, data, CUT, folder) if what == "archive" else (restore, data, folder)
    if what == "restore":
        archive(data, CUT, folder)
    folder.parent.mkdir(exist_ok=True)
    kept = [
        (place, shutil.copytree(place, place.with_name(f"{place.name}.kept"))) for place in (data.root, folder.parent)
    ]
    needed, rows = named(data, *OLD, *NEW), everything(data)
    code, steps = run_cut_off(*job)
    assert (code, steps > 30) == (0, True), "the number of steps that can be interrupted"
    final = objects(data.landing), objects(folder)
    for after in range(0, steps, 6):
        for place, copy in kept:
            shutil.rmtree(place)
            shutil.copytree(copy, place)
        assert run_cut_off(*job, after=after) == (-signal.SIGKILL, after)
        landing = landing_of(data)
        assert {sha256 for sha256 in needed if landing.find(sha256)} == needed, (
            f"all can be read, cut off after {after}"
        )
        assert all(path.name == sha256_of(path) for path in (data.landing / "objects").glob("??/*"))
        require_everything(data)
        assert run_cut_off(*job)[0] == 0
        remove_abandoned(data.root, timedelta(0))
        assert (objects(data.landing), objects(folder)) == final
        assert len(archived(data)) == (6 if what == "archive" else 0)
        assert verify(folder, data).is_whole
        assert [*folder.rglob("*.tmp")] == []
    assert everything(data) == rows


# the command line ----------------------------------------------------------------------------------------------------


Wangjian = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def wangjian(data: DataRoot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wangjian:
    """Return a function that runs the command; it returns the exit code, the output (parsed if JSON) and the messages."""
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))

    def run(*arguments: str) -> tuple[int, Any, str]:
        monkeypatch.setattr(sys, "argv", ["wangjian", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        shown = capsys.readouterr()
        return code, json.loads(shown.out) if shown.out.startswith(("{", "[")) else shown.out, shown.err

    return run


def test_the_command_line_moves_lists_checks_and_restores(data: DataRoot, folder: Path, wangjian: Wangjian) -> None:
    to = ("--before", "2023-01-01", "--to", str(folder), "--json")
    code, plan, _ = wangjian("archive", *to, "--dry-run")
    assert (code, plan["exports"], plan["datasets"]["jiangxi/case_penalties"]) == (0, 6, 3)
    assert not folder.exists()
    code, done, _ = wangjian("archive", *to)
    assert (code, done["removed"]) == (0, 7)
    code, (listed,), _ = wangjian("archive", "list", "--json")
    assert (code, listed["exports"], listed["is_within_reach"]) == (0, 6, True)
    assert wangjian("archive", "verify", str(folder), "--json")[1]["is_whole"] is True
    _spoil(_one_object(folder, data))
    code, shown, _ = wangjian("archive", "verify", str(folder))
    assert code == 1
    assert "损坏 damaged objects/" in shown
    code, _, said = wangjian("archive", "restore", str(folder), "--from", "2022-12-30")
    assert (code, said.strip()) == (0, "")
    assert len(archived(data)) == 2
    code, _, said = wangjian("archive", "--to", str(folder))
    assert code == 2
    assert "--before and --to are both needed" in said
