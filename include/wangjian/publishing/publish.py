"""Publish the finished and checked build: copy, verify, rename, swap the link, record, remove old publications."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from wangjian.core.disk import require_space
from wangjian.core.duckdb_memory import connect_beside
from wangjian.core.errors import ChecksFailed
from wangjian.core.files import fsync_path
from wangjian.core.locks import publishing_lock
from wangjian.core.paths import DataRoot
from wangjian.core.retention import load_retention
from wangjian.publishing.content import Content, as_of, held_back, read_content
from wangjian.publishing.copying import STORAGE_VERSION, attach_warehouse, write_copy
from wangjian.publishing.reading import current_file
from wangjian.publishing.shelf import BUILDING, clear_leftovers, clear_old, current, swap_link
from wangjian.state import (
    Build,
    Publication,
    PublicationEvent,
    append_event,
    current_build,
    events,
    last_verdict,
    new_run_id,
    now,
)
from wangjian.warehouse.labels import LABELS, Labels, load_labels
from wangjian.warehouse.opening import warehouse_open

# The copy holds less than the warehouse. The reserve is for blocks that are not full and for the history.
_SPACE_FACTOR = 1.2


@dataclass(frozen=True)
class PublishReport:
    """The result of publishing.

    Attributes:
        publication: the publication that readers see now.
        is_new: whether it is new; false if there was nothing to publish.
        removed: the publications that were removed because of their age.
        message: the result as text for a person.
        warnings: messages about additional files that could not be made; readers have the publication all the same.
    """

    publication: Publication
    is_new: bool
    removed: tuple[Publication, ...]
    message: str
    warnings: tuple[str, ...] = ()


def publish(
    data: DataRoot, run_id: str | None = None, *, keep: int | None = None, force: bool = False, labels: Path = LABELS
) -> PublishReport:
    """Publish the build in the warehouse if it passed its checks. It can be repeated after any crash.

    Args:
        data: the data root.
        run_id: the run that this is part of; a new one if null.
        keep: the number of publications that stay, including the new one; null for the number in `retention.yml`.
        force: whether to publish content that is published already or was rolled back.
        labels: the file of labels.

    Returns:
        The report. Nothing is published if the content equals that of the last publication, even if that one was rolled back.

    Raises:
        ChecksFailed: the last check of this build failed, or it was never checked.
        BadArguments: labels are missing, or the retention periods are not allowed.
        Busy: another program has the warehouse open.
        WangjianError: there is no finished build, or not enough space.
    """
    run_id = run_id or new_run_id()
    keep = keep or load_retention().publications.keep
    data.published.mkdir(parents=True, exist_ok=True)
    with (
        warehouse_open(data, "publish"),
        publishing_lock(data, "publish"),
        connect_beside(data.warehouse) as connection,
    ):
        # First of all: it may turn out that the last publication is in place already.
        _recover(data, run_id)
        attach_warehouse(connection, data.warehouse)
        build = _passed_build(data)
        content = read_content(connection, "warehouse", loaded := load_labels(labels))
        last = _last_published(data)
        # Compared with the last publication, not with the current one: the daily run must not undo a person's rollback.
        if last and last.content_fingerprint == content.fingerprint and current(data) and not force:
            return _nothing_new(data, last)
        publication = _draft(data, build, content, connection, run_id)
        published = _put_in_place(connection, data, content, loaded, publication)
        removed = clear_old(data, run_id, keep)
    held = f"; held back: {published.held}" if published.held else ""
    return PublishReport(published, True, removed, f"published {published.publication_id}{held}")


def _recover(data: DataRoot, run_id: str) -> None:
    """Finish or undo a crashed publication."""
    clear_leftovers(data)
    shown = current_file(data)
    if shown is None or not shown.exists() or current(data) is not None:
        return
    # The crash was between the swap of the link and the record. Readers see the file already, so the record is added now.
    with duckdb.connect(str(shown), read_only=True) as connection:
        rows = connection.sql("select * from audit.publication order by published_at desc limit 1")
        record = dict(zip(rows.columns, rows.fetchone() or (), strict=True))
    _note(data, Publication.model_validate(record), shown, run_id)


def _passed_build(data: DataRoot) -> Build:
    build = current_build(data)
    verdict = last_verdict(data, build.build_id)
    if verdict is None:
        raise ChecksFailed("this build was never checked", build_id=build.build_id, fix="run `wangjian check`")
    if not verdict.passed:
        raise ChecksFailed(
            f"this build failed {verdict.critical_failure_count} critical check(s)",
            build_id=build.build_id,
            report=data.docs / "checks" / "index.html",
            fix="fix the data or the rule, then build and check again",
        )
    return build


def _last_published(data: DataRoot) -> Publication | None:
    return next((event.publication for event in reversed(events(data)) if event.event == "published"), None)


def _nothing_new(data: DataRoot, last: Publication) -> PublishReport:
    shown = current(data) or last
    if shown.publication_id == last.publication_id:
        return PublishReport(shown, False, (), f"nothing changed since {shown.publication_id}: nothing to publish")
    message = f"nothing changed since {last.publication_id}, which was rolled back: readers still see "
    return PublishReport(shown, False, (), f"{message}{shown.publication_id}")


def _draft(
    data: DataRoot, build: Build, content: Content, connection: duckdb.DuckDBPyConnection, run_id: str
) -> Publication:
    day = as_of(connection, "warehouse")
    return Publication(
        publication_id=_next_id(data, day),
        as_of=day,
        run_id=run_id,
        build_id=build.build_id,
        published_at=now(),
        content_fingerprint=content.fingerprint,
        table_count=len(content.tables),
        row_count=content.row_count,
        storage_version=STORAGE_VERSION,
        held=held_back(connection, "warehouse"),
    )


def _next_id(data: DataRoot, day: date) -> str:
    prefix = f"{day:%Y%m%d}-"
    # From the whole history: the identifier of a removed publication must not return with other content.
    used = {event.publication.publication_id for event in events(data)}
    numbers = [int(name.removeprefix(prefix)) for name in used if name.startswith(prefix)]
    return f"{prefix}{max(numbers, default=0) + 1:03}"


def _put_in_place(
    connection: duckdb.DuckDBPyConnection, data: DataRoot, content: Content, labels: Labels, publication: Publication
) -> Publication:
    _require_space(data)
    building = data.published / f"{BUILDING}{publication.publication_id}.duckdb"
    final = data.published / publication.file_name
    write_copy(connection, data, building, content, labels, publication)
    building.rename(final)
    # Before the swap: after a power cut the link must not point to a name that is not on the disk.
    fsync_path(data.published)
    swap_link(data, final.name)
    return _note(data, publication, final, publication.run_id)


def _note(data: DataRoot, publication: Publication, path: Path, run_id: str) -> Publication:
    publication = publication.model_copy(update={"byte_size": path.stat().st_size})
    append_event(data, PublicationEvent(event="published", at=now(), run_id=run_id, publication=publication))
    return publication


def _require_space(data: DataRoot) -> None:
    needed = int(data.warehouse.stat().st_size * _SPACE_FACTOR)
    fix = "free space or keep fewer publications; readers still see the last one"
    require_space(data.published, needed, "publish", fix)
