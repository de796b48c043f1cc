"""A backup holds everything of one moment that a rebuild cannot make. A restore is complete or leaves an unusable data root."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from operations.backup.conftest import Publish, contents, destroy, export
from support.holding import held_elsewhere
from wangjian import publishing
from wangjian.core.errors import BackupDamaged, BadArguments, Busy, WangjianError
from wangjian.core.paths import UNFINISHED_RESTORE, DataRoot, data_root
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing.keyed_hash import add_key, load_key
from wangjian.operations.backup import BackupFolder, back_up, restore, verify
from wangjian.state import record_run, runs
from wangjian.state.archives import ArchiveEvent, append_archive_events
from wangjian.state.audit_chain import verify_audit_log
from wangjian.state.audit_log import Access, last_head, record_access, records

RUN_LOG = "state/run_log.jsonl"


def objects(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in BackupFolder(folder).objects()}


# back up and restore -----------------------------------------------------------------------------------------------------


def test_a_restore_returns_every_file_unchanged(data: DataRoot, folder: Path, safe: Path) -> None:
    back_up(data, folder, keys_to=safe)
    before, key, shown = contents(data), load_key(data.state), publishing.current(data)
    destroy(data)
    report = restore(data, folder, keys_from=safe)
    after = contents(data)
    assert after.pop(RUN_LOG).startswith(before.pop(RUN_LOG)[:100]), "the log has gone on"
    assert after == before
    assert (publishing.current(data), load_key(data.state)) == (shown, key)
    assert report.has_key and report.files == len(after) + 1
    assert verify_audit_log(data).is_whole
    for publication in publishing.publications(data):
        with publishing.open_published(data, publication) as connection:
            assert connection.execute("select count(*) > 2 from marts.fct_case").fetchall() == [(True,)]
    modes = {name: (data.root / name).stat().st_mode & 0o777 for name in after}
    assert {mode for name, mode in modes.items() if name.startswith("state/")} == {0o600}
    assert {mode for name, mode in modes.items() if name.startswith("landing/objects/")} == {0o440}
    assert data.root.stat().st_mode & 0o777 == 0o700


def test_rebuildable_files_and_the_key_are_not_in_a_backup(data: DataRoot, folder: Path) -> None:
    data.raw.mkdir()
    (data.raw / "rows.parquet").write_bytes(b"x")
    back_up(data, folder)
    kept = BackupFolder(folder)
    assert {name.split("/")[0] for name in kept.sums(kept.chosen(None))} == {"landing", "state", "published", "docs"}
    secret = load_key(data.state).path.read_bytes()
    assert not any(secret in path.read_bytes() for path in objects(folder).values())


def test_steps_that_were_under_way_have_ended_after_a_restore(data: DataRoot, folder: Path) -> None:
    with record_run(data, "ingest", source="five_level"):
        back_up(data, folder)
    destroy(data)
    restore(data, folder)
    last = {(run.step, run.source): run.outcome for run in runs(data)}
    assert last["ingest", "five_level"] == "interrupted"
    assert (last["backup", None], last["restore", None]) == ("succeeded", "succeeded")
    assert all(run.ended_at for run in runs(data))


def test_a_backup_can_be_restored_by_hand(data: DataRoot, folder: Path, tmp_path: Path) -> None:
    """Run the command from BACKUP.txt, and check the result with sha256sum."""
    back_up(data, folder)
    text = (folder / "BACKUP.txt").read_text(encoding="utf-8")
    (command,) = [line.strip() for line in text.splitlines() if line.strip().startswith("while")]
    backup_id = BackupFolder(folder).chosen(None).backup_id
    command = command.replace("TARGET", str(tmp_path / "by hand")).replace("ID", backup_id)
    subprocess.run(["bash", "-euc", command], cwd=folder, check=True)
    sums = folder / "backups" / backup_id / "SHA256SUMS"
    subprocess.run(["sha256sum", "--quiet", "--check", str(sums)], cwd=tmp_path / "by hand", check=True)


# several backups ---------------------------------------------------------------------------------------------------


def test_only_new_bytes_are_copied(data: DataRoot, folder: Path) -> None:
    first = back_up(data, folder)
    old = {path: path.stat().st_mtime_ns for path in objects(folder).values()}
    export(data, "2023-01-03")
    second = back_up(data, folder)
    new = objects(folder).values() - old.keys()
    # The export's two files and its manifest, and the log.
    assert second.copied == len(new) == 4
    assert first.copied > second.copied
    assert {path: path.stat().st_mtime_ns for path in old} == old


def test_older_backups_can_be_chosen(data: DataRoot, folder: Path) -> None:
    first = back_up(data, folder).backup
    export(data, "2023-01-03")
    back_up(data, folder)
    destroy(data)
    restore(data, folder, backup_id=first.backup_id)
    assert len(list(Landing(data.landing).exports())) == 2


def test_only_the_newest_backups_and_their_bytes_are_kept(data: DataRoot, folder: Path, publish: Publish) -> None:
    gone = back_up(data, folder).backup
    shelf = [BackupFolder(folder).sums(gone)[f"published/warehouse-20231231-00{number}.duckdb"] for number in (1, 2)]
    publish(5, keep=2)
    report = back_up(data, folder, keep=1)
    assert report.pruned == 1
    assert [backup.backup_id for backup in BackupFolder(folder).backups()] == [report.backup.backup_id]
    assert [sha256 in objects(folder) for sha256 in shelf] == [False, True]
    found = verify(folder)
    assert found.is_whole and not found.unneeded
    with pytest.raises(BadArguments, match="at least one"):
        back_up(data, folder, keep=0)


# while pipelines run ------------------------------------------------------------------------------------------------


def test_a_publication_an_ingest_and_a_reader_run_during_a_backup(
    data: DataRoot, folder: Path, publish: Publish
) -> None:
    """After the snapshot the pipelines continue: publications are removed, logs grow, an export is landed."""
    happened = []

    def meanwhile(*_: object) -> None:
        if not happened:
            happened.append(publish(9, keep=1))
            record_access(data, Access(action="EXPORTED", table_name="later", row_count=1))
            export(data, "2023-01-03")
            for path in (data.state / "check_results").glob("*"):
                path.unlink()

    shelf, head = publishing.publications(data), last_head(data)
    back_up(data, folder, progress=meanwhile)
    assert happened and len(publishing.publications(data)) == 1
    destroy(data)
    restore(data, folder)
    assert publishing.publications(data) == shelf
    assert publishing.current(data) == shelf[0]
    assert verify_audit_log(data).is_whole and last_head(data) == head
    assert verify(folder).is_whole
    # Landing must be at least as new as everything that names its exports.
    assert len(list(Landing(data.landing).exports())) == 3
    for manifest in Landing(data.landing).exports():
        assert all(Landing(data.landing).find(file.sha256) for file in manifest.files)


def test_a_line_that_is_being_written_is_left_out(data: DataRoot, folder: Path) -> None:
    log, whole = data.state / "waivers.jsonl", b'{"export_id": "a"}\n'
    log.write_bytes(whole + b'{"export_id": "half a li')
    back_up(data, folder)
    kept = BackupFolder(folder)
    assert objects(folder)[kept.sums(kept.chosen(None))["state/waivers.jsonl"]].read_bytes() == whole


def test_nothing_is_archived_during_a_backup(data: DataRoot, folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from wangjian.core.locks import archive_lock; "
        "from wangjian.core.paths import DataRoot; archive_lock(DataRoot(Path(sys.argv[1])), 'archive').__enter__()"
    )
    said = []

    def archive(*_: object) -> None:
        if not said:
            command = [sys.executable, "-c", script, str(data.root)]
            said.append(subprocess.run(command, capture_output=True, text=True, check=False).stderr)

    back_up(data, folder, progress=archive)
    assert "cannot archive: another process is at work" in said[0] and "doing=back up" in said[0]


def test_archived_bytes_are_named_and_do_not_count_as_missing(data: DataRoot, folder: Path, tmp_path: Path) -> None:
    export_1, _ = Landing(data.landing).exports()
    for file in export_1.files:
        Landing(data.landing).object_path(file.sha256).unlink()
    with pytest.raises(WangjianError, match="a landed file is missing"):
        back_up(data, folder)
    append_archive_events(data, [_archived(export_1, tmp_path / "archive")])
    backup = back_up(data, folder).backup
    assert backup.archives == (str(tmp_path / "archive"),)
    destroy(data)
    restore(data, folder)
    assert len(list(Landing(data.landing).exports())) == 2, "the export still counts"


def _archived(manifest: Manifest, folder: Path) -> ArchiveEvent:
    key = manifest.key
    return ArchiveEvent(
        event="archived", export_id=manifest.export_id, source=key.source, provider=key.provider, dataset=key.dataset,
        business_date=key.business_date, folder=str(folder), manifest_sha256="0" * 64, run_id="r",
    )  # fmt: skip


def test_what_was_erased_stays_erased(data: DataRoot, folder: Path) -> None:
    landing = Landing(data.landing)
    erased = next(landing.exports()).files[0].sha256
    landing.erase(erased, b"what is left")
    marks = data.state / "erasures" / "0d4c61a3ab52.key"
    marks.parent.mkdir()
    marks.write_text("to be destroyed")
    back_up(data, folder)
    assert not [path for path in objects(folder).values() if path.read_bytes() == marks.read_bytes()]
    destroy(data)
    restore(data, folder)
    assert landing.read(erased) == b"what is left" and landing.is_erased(erased)
    assert landing.erased_path(erased).stat().st_mode & 0o777 == 0o440


# faults are reported ------------------------------------------------------------------------------------------------


def test_changed_landed_bytes_stop_the_backup(data: DataRoot, folder: Path) -> None:
    before = back_up(data, folder).backup
    export(data, "2023-01-03")
    victim = next(path for path in (data.landing / "objects").glob("*/*") if path.name not in objects(folder))
    victim.chmod(0o600)
    victim.write_bytes(b"other bytes")
    with pytest.raises(BackupDamaged, match=f"not what they were when they were landed.*{victim.name}"):
        back_up(data, folder)
    assert [backup.backup_id for backup in BackupFolder(folder).backups()] == [before.backup_id]
    assert verify(folder).is_whole
    assert (runs(data)[-1].step, runs(data)[-1].outcome) == ("backup", "failed")


def test_verify_finds_what_is_missing_damaged_or_changed(data: DataRoot, folder: Path) -> None:
    back_up(data, folder)
    lost, rotten = (objects(folder)[path.name] for path in sorted((data.landing / "objects").glob("*/*"))[:2])
    lost.unlink()
    rotten.chmod(0o600)
    rotten.write_bytes(b"x" * rotten.stat().st_size)
    found = verify(folder)
    assert not found.is_whole
    assert [line.split("  ")[0] for line in found.missing] == [lost.name]
    assert found.damaged == (f"objects/{rotten.name[:2]}/{rotten.name}",)
    rotten.unlink()
    back_up(data, folder)
    assert verify(folder).is_whole, "the next backup fixes it"
    sums = folder / "backups" / BackupFolder(folder).chosen(None).backup_id / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("landing/", "landing/../../"))
    assert verify(folder).damaged == (f"backups/{sums.parent.name}/SHA256SUMS",)
    destroy(data)
    with pytest.raises(BackupDamaged, match="list of a backup's files"):
        restore(data, folder)


def test_a_restore_of_a_damaged_backup_does_not_look_complete(
    data: DataRoot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(data, folder)
    kept = BackupFolder(folder)
    rotten = objects(folder)[kept.sums(kept.chosen(None))[RUN_LOG]]
    good = rotten.read_bytes()
    rotten.chmod(0o600)
    rotten.write_bytes(good.replace(b"ingest", b"INGEST"))
    destroy(data)
    with pytest.raises(BackupDamaged, match=r"not what it was.*run_log"):
        restore(data, folder)
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))
    with pytest.raises(WangjianError, match="was interrupted"):
        data_root()
    rotten.write_bytes(good)
    restore(data, folder)
    assert data_root().root == data.root


def test_a_path_out_of_the_data_root_is_refused(data: DataRoot, folder: Path) -> None:
    backup = back_up(data, folder).backup
    text = f"{'0' * 64}  state/../../etc/passwd\n"
    forged = backup.model_copy(update={"sums_sha256": hashlib.sha256(text.encode()).hexdigest()})
    BackupFolder(folder).commit(forged, text)
    destroy(data)
    with pytest.raises(BackupDamaged, match="outside of the data root"):
        restore(data, folder)
    assert not data.root.exists()


def test_a_restore_never_overwrites_data(data: DataRoot, folder: Path, tmp_path: Path) -> None:
    first, second = back_up(data, folder).backup, back_up(data, folder).backup
    with pytest.raises(BadArguments, match="holds data"):
        restore(data, folder)
    begun = DataRoot(tmp_path / "begun")
    begun.root.mkdir()
    note = {"backup_id": first.backup_id, "folder": str(folder)}
    (begun.root / UNFINISHED_RESTORE).write_text(json.dumps(note))
    with pytest.raises(BadArguments, match=f"--backup {first.backup_id}"):
        restore(begun, folder, backup_id=second.backup_id)
    restore(begun, folder, backup_id=first.backup_id)
    with pytest.raises(BadArguments, match="there is no such backup"):
        restore(begun, folder, backup_id="yesterday")


@pytest.mark.parametrize(
    ("place", "said"), [("state/x", "own files"), ("", "own files"), ("../other", "something else")]
)
def test_an_unsuitable_folder_is_refused(data: DataRoot, tmp_path: Path, place: str, said: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.docx").write_bytes(b"")
    with pytest.raises(BadArguments, match=said):
        back_up(data, data.root / place)
    with pytest.raises(BadArguments, match=r"there is no backup.*BACKUP\.txt"):
        restore(DataRoot(tmp_path / "new"), tmp_path / "other")


def test_two_backups_do_not_write_into_one_folder_at_once(data: DataRoot, folder: Path) -> None:
    back_up(data, folder)
    with held_elsewhere(folder / ".lock", "back up"), pytest.raises(Busy, match=r"cannot back up.*doing=back up"):
        back_up(data, folder)


def test_a_full_disk_is_reported_before_anything_is_copied(
    data: DataRoot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("wangjian.core.disk.shutil.disk_usage", lambda _: usage)
    with pytest.raises(WangjianError, match="not enough free space to back up"):
        back_up(data, folder)
    assert objects(folder) == {}


# the key ------------------------------------------------------------------------------------------------------------


def test_the_key_is_copied_to_its_own_folder_and_recorded(data: DataRoot, folder: Path, safe: Path) -> None:
    back_up(data, folder, keys_to=safe)
    key = load_key(data.state)
    assert [path.read_bytes() for path in safe.iterdir()] == [key.path.read_bytes()]
    assert (safe.stat().st_mode | (safe / key.path.name).stat().st_mode) & 0o077 == 0
    record = records(data)[-1]
    assert (record.action, record.selection["versions"]) == ("KEY_COPIED", f"1:{key.fingerprint}")
    back_up(data, folder, keys_to=safe)
    assert records(data)[-1] == record, "the key was there already"
    new = add_key(data.state)
    assert back_up(data, folder, keys_to=safe).keys == 2
    assert records(data)[-1].selection["versions"] == f"2:{new.fingerprint}"


def test_the_key_is_never_stored_with_the_data(data: DataRoot, folder: Path, safe: Path) -> None:
    for place in (folder, folder / "keys", folder.parent):
        with pytest.raises(BadArguments, match="must not be stored with the backup"):
            back_up(data, folder, keys_to=place)
    with pytest.raises(BadArguments, match="own files"):
        back_up(data, folder, keys_to=data.state / "copy")
    safe.mkdir(mode=0o700)
    (safe / "keyed_hash.key").write_text("another installation's")
    with pytest.raises(BadArguments, match="another key"):
        back_up(data, folder, keys_to=safe)


def test_another_key_than_the_one_in_use_is_refused(data: DataRoot, folder: Path, tmp_path: Path) -> None:
    back_up(data, folder)
    other = add_key(tmp_path / "other")
    destroy(data)
    with pytest.raises(BadArguments, match="not the one that was in use"):
        restore(data, folder, keys_from=other.path.parent)
    with pytest.raises(BadArguments, match="there is no key"):
        restore(data, folder, keys_from=folder)
    assert not restore(data, folder).has_key


def test_the_file_of_a_publication_opens_in_any_client(data: DataRoot, folder: Path, tmp_path: Path) -> None:
    back_up(data, folder)
    there = DataRoot(tmp_path / "elsewhere")
    restore(there, folder)
    with duckdb.connect(str(there.published / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("select max(publication_id) from audit.publication").fetchall() == [("20231231-002",)]
