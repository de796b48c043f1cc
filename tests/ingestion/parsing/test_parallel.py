"""Large exports are parsed in portions and in several processes: the rows are the same, and a killed process leaves no half result."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.landed import Land, ledger, page, penalties, raw_rows
from wangjian.core.duckdb_memory import connect_beside
from wangjian.core.errors import ArchiveUnavailable, RejectedFile, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing import parse, portions
from wangjian.ingestion.parsing.parallel import run_in_processes
from wangjian.ingestion.sources.registry import get_source

module = importlib.import_module("wangjian.ingestion.parsing.parse")

FINE = "赣市监立〔2023〕1号,1,1,罚款,1000.00,,,"
DAY = "2023-01-02"
BROKEN = b'{"dataset"'


def _task(number: int) -> dict[str, object]:
    return {
        "task_no": f"T{number}",
        "task_type": "ROUTINE",
        "task_name": "网剑",
        "issued_by_org": "360700",
        "starts_on": DAY,
        "ends_on": None,
        "updated_at": DAY,
    }


@pytest.fixture
def many_pages(land: Land) -> None:
    """A data root with two exports of pages; one page cannot be read, and one repeats a row."""
    pages = {f"p{number:04d}": page("monitoring_tasks", DAY, [_task(number)]) for number in range(5)}
    twice = page("monitoring_tasks", DAY, [_task(8), _task(8)])
    land("five_level", "monitoring_tasks", DAY, pages | {"p0005": BROKEN, "p0006": twice})
    land("five_level", "monitoring_tasks", DAY, {"p0001": page("monitoring_tasks", DAY, [_task(9)])}, version=2)


def _stored(data: DataRoot, source: str, dataset: str) -> tuple[object, object]:
    return raw_rows(data, source, dataset), ledger(data, source, dataset)


def _again(data: DataRoot, source: str) -> None:
    parse(get_source(source), data, again=lambda *_: True)


@pytest.mark.usefixtures("many_pages")
def test_portions_of_an_export_have_the_rows_of_the_whole(data: DataRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    parse(get_source("five_level"), data)
    whole = _stored(data, "five_level", "monitoring_tasks")
    monkeypatch.setattr(portions, "BYTES", 400)
    _again(data, "five_level")
    assert _stored(data, "five_level", "monitoring_tasks") == whole
    assert len(list((data.raw / "five_level" / "monitoring_tasks" / "2023-01").glob("*.parquet"))) > 2


def test_a_portion_holds_whole_exports_of_files_that_need_each_other(land: Land) -> None:
    exports = [land("jiangxi", "case_penalties", f"2023-01-0{day}", penalties(FINE)) for day in (2, 3)]
    kept = portions.portions(exports, are_pages=False)
    assert [[export.files for export in portion] for portion in kept] == [[export.files for export in exports]]
    assert portions.portions([], are_pages=True) == []


@pytest.mark.usefixtures("many_pages")
def test_several_processes_parse_the_same_as_one(data: DataRoot, land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in ("2023-01-02", "2023-01-03", "2023-02-01"):
        land("jiangxi", "case_penalties", day, penalties(FINE, "短行,,,,"))
    parsed = [parse(get_source(source), data) for source in ("five_level", "jiangxi")]
    places = (("five_level", "monitoring_tasks"), ("jiangxi", "case_penalties"))
    alone = [_stored(data, *place) for place in places]
    monkeypatch.setattr(module, "_WORTH_PROCESSES", 0)
    monkeypatch.setattr(module, "processors", lambda: 2)
    monkeypatch.setattr(portions, "BYTES", 400)
    again = [parse(get_source(source), data, again=lambda *_: True) for source in ("five_level", "jiangxi")]
    assert [_stored(data, *place) for place in places] == alone
    assert [(report.files, report.rows, report.messages) for report in again] == [
        (report.files, report.rows, report.messages) for report in parsed
    ]
    assert parsed[0].rejected_files == 1


def _dies(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_killed_process_is_reported_and_earlier_results_stay() -> None:
    numbers = []
    with pytest.raises(WangjianError, match="was killed"):
        numbers.extend(run_in_processes(_dies, [1, 2, 3], 2))
    assert numbers in ([], [1])


def _fails(number: int) -> int:
    raise (RejectedFile("CODE", "said", fix="do", file=number) if number == 1 else ArchiveUnavailable("away"))


@pytest.mark.parametrize("number", [1, 2])
def test_an_error_of_another_process_arrives_whole(number: int) -> None:
    with pytest.raises(WangjianError) as here:
        list(run_in_processes(_fails, [number], 1))
    with pytest.raises(WangjianError) as there:
        list(run_in_processes(_fails, [number, number], 2))
    errors = [(type(error), str(error), vars(error)) for error in (here.value, there.value)]
    assert errors[0] == errors[1]


def _draws_a_bar(folder: Path) -> object:
    with connect_beside(folder / "rows.parquet") as connection:
        return (connection.execute("select current_setting('enable_progress_bar')").fetchone() or (None,))[0]


def test_processes_print_no_progress_bars(tmp_path: Path) -> None:
    """DuckDB shows a progress bar in a process without a main file, because it takes it for an interactive session."""
    assert list(run_in_processes(_draws_a_bar, [tmp_path, tmp_path], 2)) == [False, False]


def _where(_: int) -> int:
    return os.getpid()


def _daemon_shares_out(_: int) -> tuple[int, list[int]]:
    multiprocessing.current_process()._config["daemon"] = True  # type: ignore[attr-defined]
    return os.getpid(), list(run_in_processes(_where, [1, 2], 2))


def test_a_process_that_may_start_no_others_works_alone() -> None:
    [(itself, workers), _] = run_in_processes(_daemon_shares_out, [1, 2], 2)
    assert set(workers) == {itself}
    assert itself not in set(run_in_processes(_where, [1, 2], 2)) | {os.getpid()}


_LINGERS = """
import os, sys, time
from pathlib import Path
from wangjian.ingestion.parsing.parallel import run_in_processes

def linger(folder):
    Path(folder, str(os.getpid())).touch()
    time.sleep(600)

if __name__ == "__main__":
    list(run_in_processes(linger, [sys.argv[1]] * 2, 2))
"""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_the_processes_of_a_killed_step_end_with_it(tmp_path: Path, sign: signal.Signals) -> None:
    script, folder = tmp_path / "lingers.py", tmp_path / "pids"
    script.write_text(_LINGERS)
    folder.mkdir()
    with subprocess.Popen([sys.executable, str(script), str(folder)]) as step:
        while len(workers := [int(path.name) for path in folder.iterdir()]) < 2:
            time.sleep(0.05)
        step.send_signal(sign)
    # a process that does not end fails the test by pytest's timeout
    while any(_is_alive(pid) for pid in workers):
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False
