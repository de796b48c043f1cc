"""Manage the shelf of publications: the link that readers follow, the files next to it, and the removal of old ones."""

from __future__ import annotations

import shutil

from wangjian.core.errors import BadArguments
from wangjian.core.files import fsync_path, temporary_beside
from wangjian.core.locks import publishing_lock
from wangjian.core.paths import DataRoot
from wangjian.publishing.reading import LINK, current_file
from wangjian.state import Publication, PublicationEvent, append_event, events, new_run_id, now

BUILDING = ".building-"


def publications(data: DataRoot) -> tuple[Publication, ...]:
    """Return the publications on the shelf.

    Args:
        data: the data root.

    Returns:
        The publications, the newest first.
    """
    known = {event.publication.publication_id: event.publication for event in events(data)}
    present = [publication for publication in known.values() if (data.published / publication.file_name).exists()]
    return tuple(sorted(present, key=lambda publication: publication.publication_id, reverse=True))


def current(data: DataRoot) -> Publication | None:
    """Return the publication that readers see now; null if there is none.

    Args:
        data: the data root.
    """
    path = current_file(data)
    return next((item for item in publications(data) if path and item.file_name == path.name), None)


def kept(data: DataRoot, publication_id: str) -> Publication:
    """Return one of the publications on the shelf.

    Args:
        data: the data root.
        publication_id: its identifier.

    Returns:
        The publication.

    Raises:
        BadArguments: there never was such a publication, or it was removed.
    """
    shelf = {publication.publication_id: publication for publication in publications(data)}
    if publication_id not in shelf:
        raise BadArguments(
            _why_not(data, publication_id),
            publication_id=publication_id,
            on_the_shelf=", ".join(shelf) or "none",
            fix="choose one of those; `wangjian publications` lists them",
        )
    return shelf[publication_id]


def _why_not(data: DataRoot, publication_id: str) -> str:
    past = [event for event in events(data) if event.publication.publication_id == publication_id]
    if not past:
        return "there never was such a publication"
    if past[-1].event == "removed":
        return f"the publication was removed on {past[-1].at:%Y-%m-%d}, because newer ones replaced it"
    return "the publication's file is missing"


def rollback(data: DataRoot, publication_id: str | None = None, run_id: str | None = None) -> Publication:
    """Show readers an earlier publication again, in one step.

    Args:
        data: the data root.
        publication_id: its identifier; null for the one before the current one.
        run_id: the run that this is part of.

    Returns:
        The publication that readers see now.

    Raises:
        BadArguments: there is no such publication on the shelf, or none before the current one.
    """
    with publishing_lock(data, "roll back"):
        target = _target(data, publication_id)
        shown = current(data)
        if shown is not None and shown.publication_id == target.publication_id:
            return target
        swap_link(data, target.file_name)
        append_event(
            data, PublicationEvent(event="rolled_back", at=now(), run_id=run_id or new_run_id(), publication=target)
        )
        return target


def _target(data: DataRoot, publication_id: str | None) -> Publication:
    if publication_id is not None:
        return kept(data, publication_id)
    shown = current(data)
    earlier = [item for item in publications(data) if shown is None or item.publication_id < shown.publication_id]
    if not earlier:
        raise BadArguments(
            "there is no publication before the current one",
            current=shown and shown.publication_id,
            fix="`wangjian publications` lists those that are kept",
        )
    return earlier[0]


def swap_link(data: DataRoot, file_name: str) -> None:
    """Point the readers' link to another file in one step.

    Args:
        data: the data root.
        file_name: the name of the file in `published/`.
    """
    # Relative, so that the link works wherever a reader mounts the folder.
    link = data.published / LINK
    temporary = temporary_beside(link)
    try:
        temporary.symlink_to(file_name)
        temporary.replace(link)
        fsync_path(link.parent)
    finally:
        temporary.unlink(missing_ok=True)


def clear_leftovers(data: DataRoot) -> None:
    """Remove the files of crashed publications: unfinished files, and complete ones that readers never saw.

    Args:
        data: the data root. The caller holds the publishing lock.
    """
    shown = current_file(data)
    keep = {event.publication.file_name for event in events(data)} | ({shown.name} if shown else set())
    for path in data.published.glob("*"):
        is_temporary = path.name.startswith((BUILDING, f".{LINK}."))
        # DuckDB writes what does not fit into memory to `<file>.tmp`. A reader may be using that of a kept publication now.
        is_unknown = path.name.startswith("warehouse-") and path.name.removesuffix(".tmp") not in keep
        if is_temporary or is_unknown:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def old_publications(data: DataRoot, keep: int) -> tuple[Publication, ...]:
    """Return the publications that are older than the newest `keep`, without the one that readers see.

    Args:
        data: the data root.
        keep: the number of publications to keep, at least 1.

    Returns:
        The old publications, the newest first.

    Raises:
        BadArguments: `keep` is less than 1.
    """
    if keep < 1:
        raise BadArguments("at least one publication must be kept", keep=keep, fix="give 1 or more")
    shown = current_file(data)
    # After a rollback the current publication may be among the old ones.
    return tuple(item for item in publications(data)[keep:] if shown is None or item.file_name != shown.name)


def clear_old(data: DataRoot, run_id: str, keep: int) -> tuple[Publication, ...]:
    """Remove the oldest publications, but never the one that readers see.

    Args:
        data: the data root.
        run_id: the run that this is part of.
        keep: the number of publications to keep, at least 1.

    Returns:
        The removed publications.
    """
    old = old_publications(data, keep)
    for publication in old:
        (data.published / publication.file_name).unlink(missing_ok=True)
        append_event(data, PublicationEvent(event="removed", at=now(), run_id=run_id, publication=publication))
    return old
