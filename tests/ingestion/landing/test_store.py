"""The landing zone: each content is stored once, an export lands whole or not at all, and a killed process loses nothing."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from wangjian.core.errors import WangjianError
from wangjian.ingestion.landing.manifest import ExportKey, LandedFile, Manifest
from wangjian.ingestion.landing.store import Landing

KEY = ExportKey(source="five_level", dataset="leads", business_date=date(2023, 7, 1), mode="delta", version=1)


def landed(landing: Landing, content: bytes = b"{}", part: str = "p0001") -> LandedFile:
    stored = landing.put_bytes(content)
    moment = datetime(2023, 7, 2, tzinfo=UTC)
    return LandedFile(
        part=part, original_name="/x", fetched_at=moment, sha256=stored.sha256, byte_size=stored.byte_size
    )


def files_below(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_equal_content_is_stored_once_and_read_only(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    first, second = landing.put([b"a", b"b"]), landing.put_bytes(b"ab")
    assert first == second
    assert first.sha256 == hashlib.sha256(b"ab").hexdigest()
    assert files_below(tmp_path) == [f"objects/{first.sha256[:2]}/{first.sha256}"]
    assert landing.object_path(first.sha256).stat().st_mode & 0o777 == 0o440
    assert landing.read(first.sha256) == b"ab"


def test_the_same_export_lands_once_whenever_it_is_fetched(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    file = landed(landing)
    assert landing.commit(Manifest(key=KEY, files=(file,)))
    later = file.model_copy(update={"fetched_at": datetime(2024, 1, 1, tzinfo=UTC)})
    assert not landing.commit(Manifest(key=KEY, files=(later,)))
    (export,) = landing.exports()
    assert export.files == (file,)


def test_another_content_of_the_same_version_is_kept_too(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    for content in (b"1", b"2"):
        landing.commit(Manifest(key=KEY, files=(landed(landing, content),)))
    assert len(list(landing.exports("five_level", "leads"))) == 2


def test_a_stream_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> object:
        yield b"a"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        Landing(tmp_path).put(broken())  # type: ignore[arg-type]
    assert files_below(tmp_path) == []


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(WangjianError, match=r"a landed file is missing.*restore landing"):
        Landing(tmp_path).read("0" * 64)


def test_a_torn_note_of_progress_does_not_count(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    one, two = landed(landing, b"1", "p0001"), landed(landing, b"2", "p0002")
    landing.note_progress(KEY, one)
    landing.note_progress(KEY, two)
    (note,) = (tmp_path / "partial").rglob("*.jsonl")
    note.write_bytes(note.read_bytes()[:-9])
    assert landing.progress(KEY) == {"p0001": one}
    landing.note_progress(KEY, two)
    assert landing.progress(KEY) == {"p0001": one, "p0002": two}


def test_notes_of_landed_exports_are_removed_and_others_kept(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    file = landed(landing)
    higher = KEY.model_copy(update={"version": 2})
    other = KEY.model_copy(update={"business_date": date(2023, 7, 2)})
    landing.commit(Manifest(key=higher, files=(file,)))
    # as after a crash between the manifest and the removal of its notes; the source no longer has the lower version
    for key in (KEY, higher, other):
        landing.note_progress(key, file)
    landing.forget_finished("five_level")
    assert [landing.progress(key) for key in (KEY, higher, other)] == [{}, {}, {"p0001": file}]


def test_a_torn_manifest_is_reported(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    manifest = Manifest(key=KEY, files=(landed(landing),))
    landing.commit(manifest)
    path = landing.manifest_path(manifest)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(WangjianError, match="a manifest cannot be read"):
        list(landing.exports())


CRASH = """
import os, signal, sys
from pathlib import Path
import wangjian.core.files, wangjian.ingestion.landing.store as store
from test_store import KEY, landed
from wangjian.ingestion.landing.manifest import Manifest
left = int(sys.argv[2])
def counting(real):
    def call(*given, **more):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **more)
    return call
for name in ("replace", "chmod", "unlink", "mkdir"):
    setattr(Path, name, counting(getattr(Path, name)))
store.fsync_path = wangjian.core.files.fsync_path = counting(wangjian.core.files.fsync_path)
os.fsync = counting(os.fsync)
landing = store.Landing(Path(sys.argv[1]))
landing.commit(Manifest(key=KEY, files=(landed(landing, b"1", "p0001"), landed(landing, b"2", "p0002"))))
"""


@pytest.mark.parametrize("after", range(0, 30, 3))
def test_a_fetch_that_is_killed_anywhere_lands_all_or_nothing_and_a_second_run_completes_it(
    tmp_path: Path, after: int
) -> None:
    command = [sys.executable, "-c", CRASH, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": f"{Path(__file__).parent}:{Path(__file__).parents[3] / 'include'}"}
    done = subprocess.run([*command, str(after)], env=environment, check=False)
    assert done.returncode in (0, -signal.SIGKILL)
    for export in Landing(tmp_path).exports():
        assert [Landing(tmp_path).read(file.sha256) for file in export.files] == [b"1", b"2"]
    subprocess.run([*command, "9999"], env=environment, check=True)
    (export,) = Landing(tmp_path).exports()
    assert [file.part for file in export.files] == ["p0001", "p0002"]


def test_two_fetches_at_once_land_the_same(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda _: landing.put_bytes(b"same" * 1000), range(40)))
    assert len(set(stored)) == 1
    assert len(files_below(tmp_path)) == 1
