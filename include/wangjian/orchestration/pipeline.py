"""The steps of the daily run as plain functions, which the DAGs, the command line and the tests call.

Most of them write a line to the run log and emit lineage events. They import the serving packages inside: an import of
this module must not load what only one step needs.
"""

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
        source: the code of the source.
        date_from: the first business date.
        date_to: the last business date.
        refetch: fetch also what is landed.
        look_back: look also for late or corrected exports of earlier dates, as many days back as the registry says.
        datasets: the datasets to fetch; all if null.
        reason: the reason, for the run log.
        progress: a callback for progress reports.

    Returns:
        The report of the fetch.

    Raises:
        SourceError: an export could not be fetched; the others are landed.
    """
    entry = get_source(source)
    days = entry.lookback_days if look_back else 0
    request = FetchRequest(date_from, date_to, datasets, refetch=refetch, look_back=days)
    # while this is held, no archiving runs: it must not move bytes that are landed but not named by a manifest yet
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
    """Parse the exports of one source that are landed and not parsed yet.

    Args:
        data: the data root.
        source: the code of the source.
        progress: a callback for progress reports.
        again: says for a dataset and a month whether to parse it again; only new exports if null.
        reason: the reason, for the run log.

    Returns:
        The report of the parsing.
    """
    with record_run(data, "parse", source=source) as run, lineage_events(run):
        run.purpose = reason
        # remember it before parsing, which makes a new key without asking: the run log must say that every hash changes
        is_key_missing = parsing.is_key_missing(data)
        report = parsing.parse(get_source(source), data, progress, again)
        run.files, run.rows = report.files, report.rows
        run.message = f"{report.rejected_files} files rejected"
        if is_key_missing and not parsing.is_key_missing(data):
            run.message += "; the key of hashed numbers was gone: a new one was made, and all is hashed again"
    return report


def docs(data: DataRoot) -> Path:
    """Write the documentation of the models as they were last built, and link it from the site.

    Returns:
        The path of its page.

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
    """Merge the small raw files of a source's past months, and remove files that killed processes left.

    Returns:
        The number of merged partitions (dataset and month).

    Raises:
        BadArguments: there is no such source.
        Busy: a build, a check or a publication is running.
    """
    with record_run(data, "compact", source=source) as run:
        merged = parsing.compact(data, get_source(source).source)
        removed = remove_abandoned(data.root)
        run.message = f"{merged} partitions merged, {removed} abandoned files removed"
    return merged


def housekeeping(data: DataRoot, *, at: datetime | None = None, dry_run: bool = False) -> Housekeeping:
    """Remove what is older than `retention.yml` allows. Landing is never touched: it is the one copy of what came.

    Args:
        data: the data root.
        at: the time to compare with; now if null.
        dry_run: remove nothing, only report.

    Returns:
        What was removed, or with `dry_run` what would be.

    Raises:
        BadArguments: a period is not allowed; nothing was done.
    """
    retention, at = load_retention(), at or now()
    # a dry run writes no line to the run log: it changes nothing
    if dry_run:
        return clear_away(data, retention, at, "", dry_run=True)
    with record_run(data, "housekeeping") as run:
        done = clear_away(data, retention, at, run.run_id)
        run.files = len(done.cleared)
        run.message = "; ".join([done.summary, *done.left])
    return done


def build(data: DataRoot, *, force: bool = False, progress: Progress | None = None) -> BuildReport:
    """Build the warehouse, unless it is current.

    Args:
        data: the data root.
        force: build even if nothing has changed.
        progress: a callback for progress reports.

    Returns:
        The report of the build.
    """
    with record_run(data, "build") as run, lineage_events(run):
        report = warehouse.build(data, force=force, progress=progress)
        # a skipped build is no failure, but must not count as the last successful one in the estimates
        run.outcome = "skipped" if report.was_current else run.outcome
        slowest = [f"{name} {seconds:.1f} s" for name, seconds in report.model_seconds.items()][:3]
        run.message = f"slowest: {', '.join(slowest)}" if slowest else "nothing has changed"
    return report


def check(data: DataRoot, progress: Progress | None = None) -> CheckReport:
    """Check the last build.

    Returns:
        The results of the checks.

    Raises:
        ChecksFailed: the build must not be published.
    """
    with record_run(data, "check") as run, lineage_events(run):
        report = quality.check(data, run.run_id, progress)
        run.message = f"{len(report.results)} checks, {len(report.warnings)} warnings"
    return report


def publish(data: DataRoot, *, approved_by: str | None = None) -> PublishReport:
    """Publish the last build if it is checked and new, then write the site and the files of the roles.

    Args:
        data: the data root.
        approved_by: the person who approves what a backfill holds.

    Returns:
        The report, with a warning for each of the site and the roles' files that could not be written.

    Raises:
        AwaitingApproval: a backfill holds publication until a person approves.
    """
    with warehouse_lock(data, "publish"):
        # look for a hold only under the lock: while we waited, a backfill may have begun that holds publication
        hold = _hold(data, approved_by)
        with record_run(data, "publish") as run, lineage_events(run):
            report = publishing.publish(data, run.run_id)
            # a crash before these lines is harmless: the next publication notes the rows, and the hold asks for approval again
            note_quarantine_changes(data, report.publication.publication_id)
            if hold and approved_by:
                approve(data, hold, approved_by)
            run.message = report.message
            if report.publication.held:
                _log.warning("held back: %s", report.publication.held)
    return replace(report, warnings=_beside_warnings(data))


def rollback(data: DataRoot, publication_id: str | None = None) -> PublishReport:
    """Show readers an earlier publication again, and write its site.

    Args:
        data: the data root.
        publication_id: the publication to show; the one before the current if null.

    Returns:
        The report, with the publication that readers see now.

    Raises:
        BadArguments: there is no such publication among the kept ones.
    """
    publication = publishing.rollback(data, publication_id)
    message = f"readers see {publication.publication_id} again"
    return PublishReport(publication, False, (), message, _beside_warnings(data))


def site(data: DataRoot) -> Path:
    """Write the built-in site of the publication that readers see.

    Returns:
        The path of its first page.

    Raises:
        WangjianError: nothing is published yet, or the site could not be written; the last site stays.
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
    """Write the bulletin of a month, as `write_bulletin` does, and link it from the site if it is in the default folder.

    Raises:
        BadArguments: there are no figures for the month, or it has not ended.
        WangjianError: nothing is published, what a PDF needs is missing, or the site could not be written.
    """
    from wangjian.serving.bulletin import write_bulletin

    written = write_bulletin(data, month, folder, formats, issued_on)
    _link_from_site(data)
    return written


def _link_from_site(data: DataRoot) -> None:
    """Write the site again if a report or bulletin was added next to it: its pages link only what existed."""
    from wangjian.serving.site import is_current

    if publishing.current(data) and not is_current(data):
        site(data)


def role_files(data: DataRoot) -> RoleFiles:
    """Write the file of every role from the publication that readers see.

    Raises:
        WangjianError: nothing is published yet, or the file of roles is wrong; the last files stay.
    """
    from wangjian.governance.roles import write_role_files

    with record_run(data, "roles") as run:
        written = write_role_files(data)
        run.files = len(written.files)
        run.message = written.publication_id
    return written


def _beside_warnings(data: DataRoot) -> tuple[str, ...]:
    """Write what accompanies a publication: the site, and the roles' files if `roles.yml` says so. Return the warnings."""
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
    """Write the site if it shows another publication. A failure becomes a warning: it must not undo the publication."""
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
    """Update the mirror in PostgreSQL to the publication that readers of the file see, and record it in the audit log."""
    from wangjian.serving.postgres import mirror as postgres

    with record_run(data, "mirror") as run:
        report = postgres.mirror(data)
        if report.is_new:
            selection = {"publication_id": report.publication_id}
            mirrored = Access(
                action="MIRRORED", table_name="marts, reports", selection=selection, row_count=report.rows
            )
            # the mirror is a copy outside of the data root, so the audit log records it like an export
            record_access(data, mirrored)
        run.outcome = run.outcome if report.is_new else "skipped"
        run.rows = report.rows
        run.message = f"{report.publication_id}: {report.tables} tables"
    return report


def is_published(data: DataRoot) -> bool:
    """Return whether readers already see everything that is parsed."""
    current = publishing.current(data)
    return bool(current and warehouse.is_current(data) and current.build_id == current_build(data).build_id)


def rebuild(data: DataRoot, progress: Progress | None = None) -> PublishReport:
    """Rebuild everything from `landing/`, `state/` and the archives alone: parse, build, check, publish.

    Returns:
        The report of the publication.

    Raises:
        ArchiveUnavailable: an archive is not available; nothing was done.
        ArchiveDamaged: an archive is damaged; nothing was done.
        WangjianError: landed bytes are missing; nothing was done.
    """
    # before anything is removed: raw/ is gone after the next lines, and only landing can make it again
    require_everything(data)
    doing = "rebuild everything"
    with ExitStack() as locks:
        locks.enter_context(warehouse_lock(data, doing))
        for source in load_registry():
            locks.enter_context(parse_lock(data, source, doing))
        # remove the ledgers first: a file that no ledger names is parsed again, so this may stop at any point
        for folder in (data.raw / "_ledger", data.raw):
            if folder.exists():
                shutil.rmtree(folder)
        warehouse.forget_warehouse(data.warehouse)
        for source in load_registry():
            parse(data, source, progress)
        build(data, force=True, progress=progress)
        check(data, progress)
        return publish(data)
