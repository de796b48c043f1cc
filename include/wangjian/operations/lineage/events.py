"""Make the OpenLineage events. A namespace begins with `$WANGJIAN_OPENLINEAGE_NAMESPACE` (default `wangjian`). The datasets by layer:

wangjian/source      five_level/leads      the exports of a source system
wangjian/landing     five_level/leads      the bytes as received
wangjian/raw         five_level/leads      the parsed rows
wangjian/warehouse   marts.fct_lead        the tables of warehouse.duckdb
wangjian/published   warehouse.duckdb      the file that readers open
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attr
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, RunEvent, RunState
from openlineage.client.event_v2 import Run as LineageRun
from openlineage.client.facet_v2 import RunFacet, error_message_run, job_type_job, parent_run, set_producer

from wangjian.core.errors import WangjianError
from wangjian.core.masking import masked
from wangjian.core.paths import DBT_PROJECT
from wangjian.core.settings import settings
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.registry import load_registry

if TYPE_CHECKING:
    from wangjian.state.runs import Run

NAMESPACE = "WANGJIAN_OPENLINEAGE_NAMESPACE"
PRODUCER = "urn:wangjian"
PUBLISHED_SCHEMAS = ("marts", "reports", "audit")

STEPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ingest": (("source",), ("landing",)),
    "parse": (("landing",), ("raw",)),
    "build": (("raw",), ("warehouse",)),
    "check": (("warehouse",), ()),
    "publish": (("warehouse",), ("published",)),
    # A backfill builds, checks and publishes. The fetches and parses of its sources have events of their own.
    "backfill": (("raw",), ("warehouse", "published")),
}
"""The layers that a step reads and writes. Steps that are not listed write no event."""

set_producer(PRODUCER)


@attr.define(kw_only=True)
class RunLogFacet(RunFacet):
    """The step's entry in the run log, and its counts over all its datasets."""

    entryId: str  # noqa: N815
    logRunId: str  # noqa: N815
    rows: int | None = None
    files: int | None = None
    purpose: str | None = None

    @staticmethod
    def _get_schema() -> str:
        return f"{PRODUCER}:RunLogFacet"


def event(run: Run, parent: Run | None, kind: str, error: BaseException | None = None) -> RunEvent:
    """Return the event of the start or the end of a step.

    Args:
        run: the step; one of `STEPS`.
        parent: the step that it runs within; null if there is none.
        kind: `START`, `COMPLETE`, `FAIL` or `ABORT`.
        error: the error that ended the step; null if none did.

    Returns:
        The event.
    """
    reads, writes = STEPS[run.step]
    job_type = job_type_job.JobTypeJobFacet(processingType="BATCH", integration="WANGJIAN", jobType="TASK")
    return RunEvent(
        eventTime=datetime.now(UTC).isoformat(),
        eventType=RunState[kind],
        producer=PRODUCER,
        run=LineageRun(runId=_uuid(run), facets=_facets(run, parent, error)),
        job=Job(namespace=_namespace(), name=_job(run), facets={"jobType": job_type}),
        inputs=[InputDataset(*name) for layer in reads for name in _datasets(layer, run.source)],
        outputs=[OutputDataset(*name) for layer in writes for name in _datasets(layer, run.source)],
    )


def _facets(run: Run, parent: Run | None, error: BaseException | None) -> dict[str, RunFacet]:
    entry = RunLogFacet(entryId=run.entry_id, logRunId=run.run_id, rows=run.rows, files=run.files, purpose=run.purpose)
    facets: dict[str, Any] = {"wangjian_run_log": entry}
    if parent:
        job = parent_run.Job(namespace=_namespace(), name=_job(parent))
        facets["parent"] = parent_run.ParentRunFacet(run=parent_run.Run(runId=_uuid(parent)), job=job)
    if error:
        # Masked: a message may quote a row, and the events leave the warehouse.
        message = str(error) if isinstance(error, WangjianError) else f"{type(error).__name__}: {error}"
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(masked(message, names=False), "PYTHON")
    return facets


def _datasets(layer: str, source: str | None) -> Iterator[tuple[str, str]]:
    """Return the datasets of a layer as pairs of namespace and name."""
    if layer == "published":
        names = ["warehouse.duckdb"]
    elif layer == "warehouse":
        files = (path for schema in PUBLISHED_SCHEMAS for path in (DBT_PROJECT / "models" / schema).glob("*.sql"))
        names = sorted(f"{path.parent.name}.{path.stem}" for path in files)
    else:
        names = [f"{code}/{name}" for code in ([source] if source else load_registry()) for name in load_contract(code)]
    return ((f"{_namespace()}/{layer}", name) for name in names)


def _namespace() -> str:
    return settings().openlineage_namespace


def _job(run: Run) -> str:
    return f"{run.step}.{run.source}" if run.source else run.step


def _uuid(run: Run) -> str:
    """Return the identifier of a step's events, derived from `entry_id`, so that both events and the run log agree."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{PRODUCER}:{run.entry_id}"))
