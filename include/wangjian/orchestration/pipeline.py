"""The steps of the daily run, as plain functions: what the DAGs, the command line and the tests call."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wangjian import publishing, quality
from wangjian.core.errors import AwaitingApproval
from wangjian.core.files import remove_abandoned
from wangjian.core.locks import landing_in_use, parse_lock, warehouse_lock
from wangjian.core.logs import bound
from wangjian.core.paths import DataRoot
from wangjian.core.retention import load_retention
from wangjian.governance.replay import note_quarantine_changes
from wangjian.ingestion import parsing
from wangjian.ingestion.fetching.fetch import FetchReport, FetchRequest, Progress, fetch
from wangjian.ingestion.landing.archived import require_everything
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing import ParseReport
from wangjian.ingestion.sources.registry import get_source, load_registry
from wangjian.operations.housekeeping.run import Housekeeping, clear_away
from wangjian.operations.lineage import lineage_events
from wangjian.publishing import PublishReport
from wangjian.quality import CheckReport
from wangjian.state import current_build, now, record_run
from wangjian.state.audit_log import Access, record_access
from wangjian.state.holds import Hold, approve, present_hold
from wangjian.warehouse import build as warehouse
from wangjian.warehouse.build import BuildReport

if TYPE_CHECKING:
    from wangjian.governance.roles import RoleFiles
    from wangjian.serving.bulletin import Format, Written
    from wangjian.serving.postgres.mirror import MirrorReport

_log = logging.getLogger(__name__)


def ingest(
    data: DataRoot,
    source: str,
    date_from: date,
    date_to: date,
    *,
    refetch: bool = False,
    look_back: bool = False,
    datasets: frozenset[str] | None = None,
    reason: str | None = None,
    progress: Progress | None = None,
) -> FetchReport:
    """Fetch one source's exports of a range into landing.

    Args:
        data: the data root.
        source: its code.
        date_from: first business date.
        date_to: last business date.
        refetch: fetch again what is landed.
        look_back: also look for exports of earlier dates that came late or again, as far as the registry says.
        datasets: only these; all if null.
        reason: why, for the run log.
        progress: told of the progress.

    Raises:
        SourceError: something could not be fetched; what came stays.
    """
    entry = get_source(source)
    days = entry.lookback_days if look_back else 0
    request = FetchRequest(date_from, date_to, datasets, refetch=refetch, look_back=days)
    # bytes that were landed and stand in no manifest yet must not be archived away
    in_use = landing_in_use(data, f"fetch {source}")
    with (
        bound(date=f"{date_from}…{date_to}"),
        record_run(data, "ingest", source=source) as run,
        lineage_events(run),
        in_use,
    ):
        run.purpose = reason
        report = fetch(entry, request, Landing(data.landing), progress)
        run.files = report.files
        run.message = f"{date_from} to {date_to}: {report.exports_new} new exports, {report.bytes} bytes"
    return report


def parse(
    data: DataRoot,
    source: str,
    progress: Progress | None = None,
    *,
    again: Callable[[str, str], bool] | None = None,
    reason: str | None = None,
) -> ParseReport:
    """Parse what is landed of one source and not parsed yet; anew what `again` (dataset, month) says."""
    with record_run(data, "parse", source=source) as run, lineage_events(run):
        run.purpose = reason
        is_key_missing = parsing.is_key_missing(data)
        report = parsing.parse(get_source(source), data, progress, again)
        run.files, run.rows = report.files, report.rows
        run.message = f"{report.rejected_files} files rejected"
        if is_key_missing and not parsing.is_key_missing(data):
            run.message += "; the key of hashed numbers was gone: a new one was made, and all is hashed anew"
    return report


def docs(data: DataRoot) -> Path:
    """Write the documentation of the models as they were last built; the site links it.

    Returns:
        Its page.

    Raises:
        WangjianError: dbt could not read the project or the warehouse, or the site could not be written.
    """
    from wangjian.warehouse.docs import write_model_docs

    with record_run(data, "docs") as run:
        page = write_model_docs(data)
        run.message = str(page.relative_to(data.root))
    _link_from_site(data)
    return page


def compact(data: DataRoot, source: str) -> int:
    """Merge the small raw files of a source's past months, and clear away what killed processes left.

    Returns:
        How many partitions (dataset and month) were merged.

    Raises:
        BadArguments: there is no such source.
        Busy: a build, a check or a publication is under way.
    """
    with record_run(data, "compact", source=source) as run:
        merged = parsing.compact(data, get_source(source).source)
        removed = remove_abandoned(data.root)
        run.message = f"{merged} partitions merged, {removed} abandoned files removed"
    return merged


def housekeeping(data: DataRoot, *, at: datetime | None = None, dry_run: bool = False) -> Housekeeping:
    """Clear away whatever is older than `retention.yml` says. Landing is never touched.

    Args:
        data: the data root.
        at: the moment to judge by; now if null.
        dry_run: only tell.

    Returns:
        What was cleared away.

    Raises:
        BadArguments: a period is not allowed; nothing was done.
    """
    retention, at = load_retention(), at or now()
    if dry_run:
        return clear_away(data, retention, at, "", dry_run=True)
    with record_run(data, "housekeeping") as run:
        done = clear_away(data, retention, at, run.run_id)
        run.files = len(done.cleared)
        run.message = "; ".join([done.summary, *done.left])
    return done


def build(data: DataRoot, *, force: bool = False, progress: Progress | None = None) -> BuildReport:
    """Build the warehouse, unless it already holds everything."""
    with record_run(data, "build") as run, lineage_events(run):
        report = warehouse.build(data, force=force, progress=progress)
        run.outcome = "skipped" if report.was_current else run.outcome
        slowest = [f"{name} {seconds:.1f} s" for name, seconds in report.model_seconds.items()][:3]
        run.message = f"slowest: {', '.join(slowest)}" if slowest else "nothing has changed"
    return report


def check(data: DataRoot, progress: Progress | None = None) -> CheckReport:
    """Check the last build.

    Raises:
        ChecksFailed: it must not be published.
    """
    with record_run(data, "check") as run, lineage_events(run):
        report = quality.check(data, run.run_id, progress)
        run.message = f"{len(report.results)} checks, {len(report.warnings)} warnings"
    return report


def publish(data: DataRoot, *, approved_by: str | None = None) -> PublishReport:
    """Publish the last build, if it is checked and new.

    Args:
        data: the data root.
        approved_by: who lets go what waits for approval.

    Raises:
        AwaitingApproval: a backfill holds publication until a person approves.
    """
    with warehouse_lock(data, "publish"):
        # asked only now: while we waited, a backfill may have come that holds publication
        hold = _hold(data, approved_by)
        with record_run(data, "publish") as run, lineage_events(run):
            report = publishing.publish(data, run.run_id)
            # a crash before these lines costs nothing: the next publication notes the rows, and a hold asks for approval again
            note_quarantine_changes(data, report.publication.publication_id)
            if hold and approved_by:
                approve(data, hold, approved_by)
            run.message = report.message
            if report.publication.held:
                _log.warning("held back: %s", report.publication.held)
    return replace(report, warnings=_beside_warnings(data))


def rollback(data: DataRoot, publication_id: str | None = None) -> PublishReport:
    """Show readers an earlier publication again, and the site of it.

    Args:
        data: the data root.
        publication_id: which one; the one before the current if null.

    Raises:
        BadArguments: there is no such publication on the shelf.
    """
    found = publishing.rollback(data, publication_id)
    message = f"readers see {found.publication_id} again"
    return PublishReport(found, False, (), message, _beside_warnings(data))


def site(data: DataRoot) -> Path:
    """Make the built-in site of what readers see now.

    Returns:
        Its first page.

    Raises:
        WangjianError: nothing is published yet, or the site could not be written; the site before stays.
    """
    from wangjian.serving.site import write_site

    with record_run(data, "site") as run:
        page = write_site(data)
        run.message = str(page.relative_to(data.root))
    return page


def bulletin(
    data: DataRoot,
    month: date | None = None,
    folder: Path | None = None,
    formats: Iterable[Format] | None = None,
    issued_on: date | None = None,
) -> Written:
    """Write the bulletin of a month, as `wangjian.serving.bulletin.write_bulletin` does; in its own folder the site links it.

    Raises:
        BadArguments: there are no figures of the month, or it has not ended.
        WangjianError: nothing is published, what a PDF needs is missing, or the site could not be written.
    """
    from wangjian.serving.bulletin import write_bulletin

    written = write_bulletin(data, month, folder, formats, issued_on)
    _link_from_site(data)
    return written


def _link_from_site(data: DataRoot) -> None:
    """Make the site anew where something came to lie beside it."""
    from wangjian.serving.site import is_current

    if publishing.current(data) and not is_current(data):
        site(data)


def role_files(data: DataRoot) -> RoleFiles:
    """Write the file of every role from the publication that readers see.

    Raises:
        WangjianError: nothing is published yet, or the file of roles is wrong; the files before stay.
    """
    from wangjian.governance.roles import write_role_files

    with record_run(data, "roles") as run:
        written = write_role_files(data)
        run.files = len(written.files)
        run.message = written.publication_id
    return written


def _beside_warnings(data: DataRoot) -> tuple[str, ...]:
    """Make what lies beside a publication: the site, and the files of roles where they are to come with it."""
    return (*_site_warnings(data), *_role_warnings(data))


def _role_warnings(data: DataRoot) -> tuple[str, ...]:
    from wangjian.governance.roles import load_roles

    try:
        if load_roles().with_publication:
            role_files(data)
    except Exception as error:
        return (f"the files of roles could not be written: {error} → fix it, then run `wangjian roles publish`",)
    return ()


def _site_warnings(data: DataRoot) -> tuple[str, ...]:
    """Make the site where it shows another publication; that it failed must not undo the publication, but be told."""
    from wangjian.serving.site import is_current

    try:
        if not is_current(data):
            site(data)
    except Exception as error:
        return (f"the site could not be written: {error} → fix it, then run `wangjian site`",)
    return ()


def _hold(data: DataRoot, approved_by: str | None) -> Hold | None:
    hold = present_hold(data)
    if hold and not approved_by:
        raise AwaitingApproval(
            f"publication waits for approval since {hold.at:%Y-%m-%d %H:%M}",
            reason=hold.reason,
            fix="look at the difference, then run `wangjian publish --approve NAME`",
        )
    return hold


def mirror(data: DataRoot) -> MirrorReport:
    """Bring the mirror in PostgreSQL to the publication that readers of the file see."""
    from wangjian.serving.postgres import mirror as postgres

    with record_run(data, "mirror") as run:
        report = postgres.mirror(data)
        if report.is_new:
            selection = {"publication_id": report.publication_id}
            mirrored = Access(
                action="MIRRORED", table_name="marts, reports", selection=selection, row_count=report.rows
            )
            record_access(data, mirrored)
        run.outcome = run.outcome if report.is_new else "skipped"
        run.rows = report.rows
        run.message = f"{report.publication_id}: {report.tables} tables"
    return report


def is_published(data: DataRoot) -> bool:
    """Whether readers already see everything that is parsed."""
    current = publishing.current(data)
    return bool(current and warehouse.is_current(data) and current.build_id == current_build(data).build_id)


def rebuild(data: DataRoot, progress: Progress | None = None) -> PublishReport:
    """Make everything anew from `landing/` (and `state/`, and the archives) alone: parse, build, check, publish.

    Raises:
        ArchiveUnavailable: an archive is not there; nothing was done.
        ArchiveDamaged: an archive is damaged; nothing was done.
        WangjianError: landed bytes are missing; nothing was done.
    """
    require_everything(data)
    doing = "rebuild everything"
    with ExitStack() as locks:
        locks.enter_context(warehouse_lock(data, doing))
        for source in load_registry():
            locks.enter_context(parse_lock(data, source, doing))
        # the ledgers first: what no ledger names is parsed anew, whenever this is stopped
        for folder in (data.raw / "_ledger", data.raw):
            if folder.exists():
                shutil.rmtree(folder)
        warehouse.forget_warehouse(data.warehouse)
        for source in load_registry():
            parse(data, source, progress)
        build(data, force=True, progress=progress)
        check(data, progress)
        return publish(data)
