"""Every log line has time, run and place: in text, in JSON, from other threads, and in Airflow tasks."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from wangjian.core.errors import BadArguments, SourceUnavailable
from wangjian.core.logs import FORMAT, LEVEL, bound, carried, configure
from wangjian.core.paths import DataRoot
from wangjian.ingestion.fetching.fetch import log_retry
from wangjian.state import record_run, runs

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LEVEL, "info")


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path)


def test_a_step_says_when_it_begins_and_how_it_ended(
    data: DataRoot, capfd: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FORMAT, "json")
    configure()
    with bound(date="2023-03-30"), record_run(data, "ingest", source="jiangxi") as run:
        run.files, run.message = 3, "3 files"
    with pytest.raises(SourceUnavailable), record_run(data, "ingest", source="jiangxi"):
        raise SourceUnavailable("no answer", fix="wait")
    begins, ends, _, failed = (json.loads(line) for line in capfd.readouterr().err.splitlines())
    first, second = runs(data)
    common = {"run_id": first.run_id, "step": "ingest", "source": "jiangxi", "date": "2023-03-30", "level": "INFO"}
    assert begins.items() >= {**common, "message": "begins"}.items()
    assert ends.items() >= {**common, "message": "succeeded: 3 files", "files": 3}.items()
    assert ends["seconds"] >= 0 and "rows" not in ends
    assert failed.items() >= {"level": "ERROR", "run_id": second.run_id, "reason": "SourceUnavailable"}.items()
    assert failed["message"] == "failed: no answer → wait" and "date" not in failed


def test_a_step_within_a_step_has_its_own_name(data: DataRoot, capfd: Captured) -> None:
    configure()
    with record_run(data, "backfill") as outer:
        with record_run(data, "build") as inner:
            pass
        logging.getLogger("wangjian.x").info("after it")
    *_, after, end = capfd.readouterr().err.splitlines()
    assert outer.run_id != inner.run_id
    assert after.endswith(f"wangjian.x: after it [run_id={outer.run_id} step=backfill]")
    assert f"succeeded [run_id={outer.run_id} step=backfill seconds=" in end


def test_lines_of_other_threads_carry_the_same_fields(capfd: Captured) -> None:
    configure()

    def work(number: int) -> None:
        logging.getLogger("wangjian.x").info("page %s", number)

    with bound(run_id="r1"), ThreadPoolExecutor(4) as pool:
        list(pool.map(carried(work), range(8)))
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 8 and all(line.endswith("[run_id=r1]") for line in lines)


def test_a_retry_is_logged(capfd: Captured) -> None:
    configure()
    state = SimpleNamespace(
        outcome=SimpleNamespace(exception=lambda: SourceUnavailable("the server answers 503")),
        next_action=SimpleNamespace(sleep=1.44),
        attempt_number=2,
    )
    log_retry(state)  # type: ignore[arg-type]
    line = capfd.readouterr().err
    assert "WARNING wangjian.ingestion.fetching.fetch: try 2 failed, again in 1.4 s: the server answers 503" in line


def test_personal_data_in_a_message_is_masked(capfd: Captured) -> None:
    configure()
    logging.getLogger("wangjian.x").error("no operator with 13879712345", exc_info=ValueError("13879712346"))
    said = capfd.readouterr().err
    assert "no operator with" in said and "ValueError" in said
    assert "13879712345" not in said and "13879712346" not in said


def test_a_task_writes_each_line_once_and_to_standard_output(capfd: Captured, caplog: pytest.LogCaptureFixture) -> None:
    configure(in_task=True)
    configure(in_task=True)
    with bound(dag_run="manual__1", task="warehouse.build", nothing=None):
        logging.getLogger("wangjian.x").info("said")
    out, err = capfd.readouterr()
    assert out.count("said") == 1 and out.endswith("[dag_run=manual__1 task=warehouse.build]\n")
    assert err == "" and caplog.text == ""


def test_the_command_line_writes_each_line_once_even_with_airflows_handler(capfd: Captured) -> None:
    airflow = logging.StreamHandler()
    logging.getLogger().addHandler(airflow)
    try:
        configure()
        logging.getLogger("wangjian.x").warning("said")
    finally:
        logging.getLogger().removeHandler(airflow)
    assert capfd.readouterr().err.count("said") == 1


def test_the_command_line_is_quiet_unless_asked(capfd: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LEVEL)
    configure()
    logging.getLogger("wangjian.x").info("begins")
    logging.getLogger("wangjian.state.runs").error("failed: which the command itself says")
    logging.getLogger("wangjian.x").warning("waiting")
    assert [line.split(": ")[-1] for line in capfd.readouterr().err.splitlines()] == ["waiting"]


@pytest.mark.parametrize("variable", [FORMAT, LEVEL])
def test_an_unknown_setting_is_refused(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "yaml")
    with pytest.raises(BadArguments, match=f"{variable}.*choose from"):
        configure()
