"""Carry out an approved erasure: in landing, then raw, then the warehouse. After a crash the same command continues it."""

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
    """Approve an erasure and carry it out, or continue one that a crash interrupted.

    Landing keeps each file without the values, under the hash of the received bytes. The partitions of these files are parsed again.
    The warehouse is removed, and the next build makes a new one from raw. Manifests, row numbers and all other values stay.

    Args:
        data: the data root.
        erasure_id: the identifier that `wangjian erasures list` shows.
        person: the person who approves; not the one who made the request.
        progress: called after each file with its name, its number and the number of files.

    Returns:
        The plan that was carried out.

    Raises:
        BadArguments: no such erasure is open, the same person made the request, or the bytes were archived meanwhile.
        WangjianError: the values cannot be taken out of a file without other changes; the files before it are done.
    """
    erasure = find_erasure(data, erasure_id, ("REQUESTED", "APPROVED"))
    if not person.strip() or (erasure.step == "REQUESTED" and person.strip() == erasure.person):
        raise BadArguments(
            "the person who requested an erasure cannot approve it",
            erasure=erasure_id,
            fix="ask another person to approve it",
        )
    plan = plan_of(data, erasure)
    # Recorded before any byte changes: after a crash the record shows that the erasure is under way, and the command continues it.
    if erasure.step == "REQUESTED":
        record_erasure(data, _at_step(erasure, "APPROVED", person.strip()))
    _carry_out(data, plan, progress or (lambda *_: None))
    record_access(data, access(plan, "ERASED"))
    # Not earlier: a continued erasure needs the key to give equal values equal marks.
    destroy_key(data, erasure_id)
    record_erasure(data, _at_step(erasure, "DONE", person.strip()))
    return plan


def _at_step(erasure: Erasure, step: str, person: str) -> Erasure:
    return erasure.model_copy(update={"step": step, "person": person, "at": now()})


def _carry_out(data: DataRoot, plan: Plan, progress: Progress) -> None:
    source = plan.erasure.source
    mark = marks_of(data, plan.erasure.erasure_id)
    doing = "erase personal data"
    with ExitStack() as locks:
        # With these locks no other process parses, builds or archives the bytes between their change in landing and in raw.
        for lock in (archive_lock(data, doing), warehouse_lock(data, doing), parse_lock(data, source, doing)):
            locks.enter_context(lock)
        with landing_lock(data, doing):
            landing = Landing(data.landing)
            for number, file in enumerate(plan.files, start=1):
                _erase_from(landing, plan, file, mark)
                progress(file.part, number, len(plan.files))
        # A correction of an erased column repeats the personal value in its own file.
        rewrite_corrections(data, lambda item: _concerns(plan.erasure, item), mark)
        partitions = {(item.key.dataset, f"{item.key.business_date:%Y-%m}") for item in plan.exports}
        parse(get_source(source), data, progress, again=lambda dataset, month: (dataset, month) in partitions)
        # DuckDB frees blocks without overwriting them: a deleted value would stay readable in the file.
        forget_warehouse(data.warehouse)


def _erase_from(landing: Landing, plan: Plan, file: FileRows, mark: Mark) -> None:
    erasure = plan.erasure
    if erasure.file_sha256:
        # Evidence and rejected files have no rows in the warehouse, so nothing of them has to stay readable.
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


def _concerns(erasure: Erasure, correction: object) -> bool:
    same = ("source", "provider", "dataset", "row_key", "business_date")
    return (
        erasure.row_key is not None
        and all(getattr(correction, name) == getattr(erasure, name) for name in same)
        and getattr(correction, "column_name", "") in erasure.column_names
    )
