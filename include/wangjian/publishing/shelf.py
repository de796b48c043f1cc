"""The shelf of publications: the link that readers follow, what lies beside it, and what is cleared away."""

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
    """The publications that lie on the shelf.

    Args:
        data: the data root.

    Returns:
        The newest first.
    """
    known = {event.publication.publication_id: event.publication for event in events(data)}
    present = [publication for publication in known.values() if (data.published / publication.file_name).exists()]
    return tuple(sorted(present, key=lambda publication: publication.publication_id, reverse=True))


def current(data: DataRoot) -> Publication | None:
    """The publication that readers see now."""
    path = current_file(data)
    return next((found for found in publications(data) if path and found.file_name == path.name), None)


def kept(data: DataRoot, publication_id: str) -> Publication:
    """One of the publications that lie on the shelf.

    Args:
        data: the data root.
        publication_id: which one.

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
        return f"the publication was removed on {past[-1].at:%Y-%m-%d}, when newer ones had come"
    return "the publication's file is missing"


def rollback(data: DataRoot, publication_id: str | None = None, run_id: str | None = None) -> Publication:
    """Show readers an earlier publication again, in one step.

    Args:
        data: the data root.
        publication_id: which one; the one before the current if null.
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
    found = [p for p in publications(data) if shown is None or p.publication_id < shown.publication_id]
    if not found:
        raise BadArguments(
            "there is no publication before the current one",
            current=shown and shown.publication_id,
            fix="`wangjian publications` lists those that are kept",
        )
    return found[0]


def swap_link(data: DataRoot, file_name: str) -> None:
    """Point the readers' link to another file, in one step; relative, so that the folder can be mounted anywhere."""
    link = data.published / LINK
    temporary = temporary_beside(link)
    try:
        temporary.symlink_to(file_name)
        temporary.replace(link)
        fsync_path(link.parent)
    finally:
        temporary.unlink(missing_ok=True)


def clear_leftovers(data: DataRoot) -> None:
    """Remove what crashed publications left: half-built files, and whole ones that no reader ever saw."""
    shown = current_file(data)
    keep = {event.publication.file_name for event in events(data)} | ({shown.name} if shown else set())
    for path in data.published.glob("*"):
        is_temporary = path.name.startswith((BUILDING, f".{LINK}."))
        # beside a file DuckDB lays what it moves out of memory: that of a kept one may be some reader's at this moment
        is_unknown = path.name.startswith("warehouse-") and path.name.removesuffix(".tmp") not in keep
        if is_temporary or is_unknown:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def old_publications(data: DataRoot, keep: int) -> tuple[Publication, ...]:
    """The publications beyond the newest so many; never the one that readers see.

    Args:
        data: the data root.
        keep: how many to keep, at least 1.

    Returns:
        The newest first.
    """
    if keep < 1:
        raise BadArguments("at least one publication must be kept", keep=keep, fix="give 1 or more")
    shown = current_file(data)
    return tuple(p for p in publications(data)[keep:] if shown is None or p.file_name != shown.name)


def clear_old(data: DataRoot, run_id: str, keep: int) -> tuple[Publication, ...]:
    """Remove the oldest publications; never the one that readers see.

    Args:
        data: the data root.
        run_id: the run that this is part of.
        keep: how many to keep, at least 1.

    Returns:
        What was removed.
    """
    old = old_publications(data, keep)
    for publication in old:
        (data.published / publication.file_name).unlink(missing_ok=True)
        append_event(data, PublicationEvent(event="removed", at=now(), run_id=run_id, publication=publication))
    return old
