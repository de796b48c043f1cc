"""The events themselves. Datasets, by layer; namespaces begin with `$WANGJIAN_OPENLINEAGE_NAMESPACE` (default `wangjian`):

wangjian/source      five_level/leads      what a source system exports
wangjian/landing     five_level/leads      bytes as received
wangjian/raw         five_level/leads      parsed rows
wangjian/warehouse   marts.fct_lead        tables of warehouse.duckdb
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
    # builds, checks and publishes; the sources' shares are runs of their own
    "backfill": (("raw",), ("warehouse", "published")),
}
"""The layers that a step reads and writes; of other steps no event is written."""

set_producer(PRODUCER)


@attr.define(kw_only=True)
class RunLogFacet(RunFacet):
    """Where the step stands in the run log, and what it counted over all its datasets."""

    entryId: str  # noqa: N815
    logRunId: str  # noqa: N815
    rows: int | None = None
    files: int | None = None
    purpose: str | None = None

    @staticmethod
    def _get_schema() -> str:
        return f"{PRODUCER}:RunLogFacet"


def event(run: Run, parent: Run | None, kind: str, error: BaseException | None = None) -> RunEvent:
    """The event of one moment of a step.

    Args:
        run: the step; one of `STEPS`.
        parent: the step within which it runs, or null.
        kind: `START`, `COMPLETE`, `FAIL` or `ABORT`.
        error: what ended it.

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
        message = str(error) if isinstance(error, WangjianError) else f"{type(error).__name__}: {error}"
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(masked(message, names=False), "PYTHON")
    return facets


def _datasets(layer: str, source: str | None) -> Iterator[tuple[str, str]]:
    """The datasets of a layer, as (namespace, name)."""
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
    """The same for both events of a step, and found again from the run log's `entry_id`."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{PRODUCER}:{run.entry_id}"))
