"""Carrying an approved erasure out: landing, then raw, then the warehouse. Killed anywhere, the same command goes on."""

from __future__ import annotations

from contextlib import ExitStack

from wangjian.core.clock import now
from wangjian.core.errors import BadArguments
from wangjian.core.locks import archive_lock, landing_lock, parse_lock, warehouse_lock
from wangjian.core.paths import DataRoot
from wangjian.governance.erasure.files import Landed, redacted
from wangjian.governance.erasure.marks import destroy_key, marks_of
from wangjian.governance.erasure.request import Plan, access, contract_of, find_erasure, plan_of
from wangjian.governance.erasure.rows import FileRows
from wangjian.ingestion.fetching.fetch import Progress
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing import parse
from wangjian.ingestion.parsing.formats.base import Mark
from wangjian.ingestion.sources.registry import get_source
from wangjian.state.audit_log import record_access
from wangjian.state.corrections import rewrite_corrections
from wangjian.state.erasures import Erasure, record_erasure
from wangjian.warehouse.build import forget_warehouse


def approve_erasure(data: DataRoot, erasure_id: str, *, person: str, progress: Progress | None = None) -> Plan:
    """Approve an erasure and carry it out; one that was cut off is gone on with.

    Landing keeps each file under the hash of what was received, without the values; the files' partitions are parsed anew, and
    the warehouse is removed, so that the next build makes it anew without a trace of them. Manifests, row numbers and all other
    values stay as they were.

    Args:
        data: the data root.
        erasure_id: as `wangjian erasures list` shows it.
        person: who approves: another one than who asked.
        progress: told of the progress.

    Returns:
        What was erased.

    Raises:
        BadArguments: no such erasure is open, the same person asked for it, or its bytes were archived meanwhile.
        WangjianError: a file cannot be written without the values; files before it are done.
    """
    found = find_erasure(data, erasure_id, ("REQUESTED", "APPROVED"))
    if not person.strip() or (found.step == "REQUESTED" and person.strip() == found.person):
        raise BadArguments(
            "who asked for an erasure cannot approve it", erasure=erasure_id, fix="another person approves"
        )
    plan = plan_of(data, found)
    if found.step == "REQUESTED":
        record_erasure(data, _at_step(found, "APPROVED", person.strip()))
    _carry_out(data, plan, progress or (lambda *_: None))
    record_access(data, access(plan, "ERASED"))
    destroy_key(data, erasure_id)
    record_erasure(data, _at_step(found, "DONE", person.strip()))
    return plan


def _at_step(erasure: Erasure, step: str, person: str) -> Erasure:
    return erasure.model_copy(update={"step": step, "person": person, "at": now()})


def _carry_out(data: DataRoot, plan: Plan, progress: Progress) -> None:
    source = plan.erasure.source
    mark = marks_of(data, plan.erasure.erasure_id)
    doing = "erase personal data"
    with ExitStack() as locks:
        # nobody reads, moves or lands these bytes meanwhile
        for lock in (archive_lock(data, doing), warehouse_lock(data, doing), parse_lock(data, source, doing)):
            locks.enter_context(lock)
        with landing_lock(data, doing):
            landing = Landing(data.landing)
            for number, file in enumerate(plan.files, start=1):
                _erase_from(landing, plan, file, mark)
                progress(file.part, number, len(plan.files))
        rewrite_corrections(data, lambda item: _is_meant(plan.erasure, item), mark)
        partitions = {(item.key.dataset, f"{item.key.business_date:%Y-%m}") for item in plan.exports}
        parse(get_source(source), data, progress, again=lambda dataset, month: (dataset, month) in partitions)
        forget_warehouse(data.warehouse)


def _erase_from(landing: Landing, plan: Plan, file: FileRows, mark: Mark) -> None:
    erasure = plan.erasure
    if erasure.file_sha256:
        landing.erase(file.sha256, b"")
        return
    landed = Landed(
        get_source(erasure.source),
        contract_of(erasure.source, erasure.dataset),
        file.provider,
        file.part,
        file.sha256,
    )
    content = landing.read(file.sha256)
    landing.erase(file.sha256, redacted(landed, content, erasure.column_names, file.rows, mark))


def _is_meant(erasure: Erasure, correction: object) -> bool:
    same = ("source", "provider", "dataset", "row_key", "business_date")
    return (
        erasure.row_key is not None
        and all(getattr(correction, name) == getattr(erasure, name) for name in same)
        and getattr(correction, "column_name", "") in erasure.column_names
    )
