"""OpenLineage events are well formed, each step has one START and one end, and they never fail a step."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import error_message_run, job_type_job, parent_run

from wangjian.core.errors import BadDelivery
from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.registry import load_registry
from wangjian.operations.lineage import lineage_events
from wangjian.state import record_run, runs
from wangjian.state.runs import Run as LoggedRun

FACETS = {
    "jobType": job_type_job.JobTypeJobFacet,
    "errorMessage": error_message_run.ErrorMessageRunFacet,
}


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "lineage" / "events.jsonl"
    monkeypatch.setenv("WANGJIAN_OPENLINEAGE_FILE", str(path))
    monkeypatch.delenv("WANGJIAN_OPENLINEAGE_NAMESPACE", raising=False)
    return path


def events(file: Path) -> list[RunEvent]:
    """Return the written events as objects of the client's classes, whose validators check them."""
    return [_event(json.loads(line)) for line in file.read_text().splitlines()]


def _event(found: dict[str, Any]) -> RunEvent:
    run, job = found["run"], found["job"]
    made = RunEvent(
        eventTime=found["eventTime"],
        eventType=RunState[found["eventType"]],
        producer=found["producer"],
        run=Run(runId=run["runId"], facets=run["facets"]),
        job=Job(job["namespace"], job["name"], {name: _facet(name, facet) for name, facet in job["facets"].items()}),
        inputs=[InputDataset(**dataset) for dataset in found["inputs"]],
        outputs=[OutputDataset(**dataset) for dataset in found["outputs"]],
    )
    assert found.keys() <= {"eventTime", "eventType", "producer", "run", "job", "inputs", "outputs", "schemaURL"}
    assert found["schemaURL"] == made.schemaURL
    # The specification requires these fields on every facet.
    facets = [*run["facets"].values(), *job["facets"].values()]
    assert all(facet["_producer"] == found["producer"] and facet["_schemaURL"] for facet in facets)
    if error := run["facets"].get("errorMessage"):
        _facet("errorMessage", error)
    if parent := run["facets"].get("parent"):
        parent_run.ParentRunFacet(run=parent_run.Run(**parent["run"]), job=parent_run.Job(**parent["job"]))
        UUID(parent["run"]["runId"])
    return made


def _facet(name: str, facet: dict[str, Any]) -> Any:
    made = FACETS[name](**{key: value for key, value in facet.items() if key[0] != "_"})
    assert made._get_schema() == facet["_schemaURL"]
    return made


def names(datasets: Any) -> set[str]:
    return {f"{dataset.namespace}:{dataset.name}" for dataset in datasets}


@contextmanager
def step_with_events(data: DataRoot, step: str, source: str | None = None) -> Iterator[LoggedRun]:
    """Run a step as `orchestration.pipeline` does: in the run log and with lineage events."""
    with record_run(data, step, source=source) as run, lineage_events(run):
        yield run


def test_nothing_is_written_unless_a_file_is_configured(
    data: DataRoot, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANGJIAN_OPENLINEAGE_FILE")
    with step_with_events(data, "parse", source="jiangxi"):
        pass
    assert not file.parent.exists()


def test_a_step_has_a_start_and_an_end(data: DataRoot, file: Path) -> None:
    with step_with_events(data, "parse", source="jiangxi") as run:
        run.rows, run.files = 7, 2
    start, end = events(file)
    assert (start.eventType, end.eventType) == (RunState.START, RunState.COMPLETE)
    assert start.run.runId == end.run.runId
    assert (end.job.namespace, end.job.name) == ("wangjian", "parse.jiangxi")
    datasets = load_contract("jiangxi")
    assert names(end.inputs) == {f"wangjian/landing:jiangxi/{name}" for name in datasets}
    assert names(end.outputs) == {f"wangjian/raw:jiangxi/{name}" for name in datasets}
    counted = end.run.facets["wangjian_run_log"]  # type: ignore[index]
    assert (counted["rows"], counted["files"], counted["entryId"]) == (7, 2, runs(data)[0].entry_id)  # type: ignore[index]


def test_a_failure_says_why_with_personal_data_masked(data: DataRoot, file: Path) -> None:
    with pytest.raises(BadDelivery), step_with_events(data, "ingest", source="jiangxi"):
        raise BadDelivery("a file cannot be read: 13812345678", file="x.csv")
    _, end = events(file)
    assert end.eventType == RunState.FAIL
    assert end.run.facets["errorMessage"]["message"] == "a file cannot be read: 138****5678 [file=x.csv]"  # type: ignore[index]


def test_an_interrupted_step_is_aborted(data: DataRoot, file: Path) -> None:
    with pytest.raises(KeyboardInterrupt), step_with_events(data, "build"):
        raise KeyboardInterrupt
    assert [found.eventType for found in events(file)] == [RunState.START, RunState.ABORT]


def test_a_step_within_another_names_its_parent(data: DataRoot, file: Path) -> None:
    with step_with_events(data, "backfill"), step_with_events(data, "build"):
        pass
    outer, inner, *_ = events(file)
    parent = inner.run.facets["parent"]  # type: ignore[index]
    assert (parent["run"]["runId"], parent["job"]["name"]) == (outer.run.runId, "backfill")  # type: ignore[index]
    assert "parent" not in outer.run.facets  # type: ignore[operator]


def test_a_site_names_its_own_namespace(data: DataRoot, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGJIAN_OPENLINEAGE_NAMESPACE", "ganzhou")
    with step_with_events(data, "publish"):
        pass
    found = events(file)[-1]
    assert found.job.namespace == "ganzhou"
    assert names(found.outputs) == {"ganzhou/published:warehouse.duckdb"}
    assert "ganzhou/warehouse:marts.fct_lead" in names(found.inputs)


def test_other_steps_write_no_event(data: DataRoot, file: Path) -> None:
    with step_with_events(data, "housekeeping"):
        pass
    assert not file.exists()


@pytest.mark.parametrize("trouble", ["a folder stands there", "no client"])
def test_a_write_error_is_logged_and_does_not_fail_the_step(
    data: DataRoot, file: Path, trouble: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if trouble == "no client":
        monkeypatch.setitem(__import__("sys").modules, "openlineage.client.transport.file", None)
    else:
        file.mkdir(parents=True)
    with step_with_events(data, "build"):
        pass
    assert [run.outcome for run in runs(data)] == ["succeeded"]
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        f"the lineage event could not be written [step=build, file={file}]"
    ] * 2


def _builds(data: DataRoot) -> None:
    for _ in range(10):
        with step_with_events(data, "build"):
            pass


def test_parallel_processes_write_whole_lines(data: DataRoot, file: Path) -> None:
    with step_with_events(data, "build"):
        pass
    assert len(file.read_text().splitlines()[0]) > 2000, "the transport writes longer lines in pieces"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_builds, args=(data,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(events(file)) == 82


def test_what_one_step_writes_another_reads(data: DataRoot, file: Path) -> None:
    for step, source in [(step, source) for step in ("ingest", "parse") for source in load_registry()]:
        with step_with_events(data, step, source=source):
            pass
    for step in ("build", "check", "publish"):
        with step_with_events(data, step):
            pass
    written = set().union(*(names(found.outputs) for found in events(file)))
    read = set().union(*(names(found.inputs) for found in events(file)))
    assert {name for name in read - written if not name.startswith("wangjian/source:")} == set()
    assert written - read == {"wangjian/published:warehouse.duckdb"}
