"""OpenLineage events: what each step reads and writes, as JSON lines in a file, where `$WANGJIAN_OPENLINEAGE_FILE` names one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from wangjian.core.settings import settings

if TYPE_CHECKING:
    from wangjian.state.runs import Run

FILE = "WANGJIAN_OPENLINEAGE_FILE"

_log = logging.getLogger(__name__)
_around: ContextVar[Run | None] = ContextVar("_around", default=None)
"""The step within which another one runs."""


@contextmanager
def lineage_events(run: Run) -> Iterator[None]:
    """Write an event when a step begins and one when it ends, if that is asked for. Never fails the step.

    Args:
        run: the step; what it sets on it meanwhile stands in the last event.

    Raises:
        Whatever the block raises, after it was told.
    """
    path = settings().openlineage_file
    if path is None:
        yield
        return
    parent = _around.get()
    token = _around.set(run)
    path = path.absolute()
    _write(path, run, parent, "START")
    try:
        yield
    except BaseException as error:
        _write(path, run, parent, "FAIL" if isinstance(error, Exception) else "ABORT", error)
        raise
    else:
        _write(path, run, parent, "COMPLETE")
    finally:
        _around.reset(token)


def _write(path: Path, run: Run, parent: Run | None, kind: str, error: BaseException | None = None) -> None:
    try:
        # the client takes a moment to load: only where it is asked for
        from openlineage.client.transport.file import FileConfig, FileTransport

        from wangjian.core.locks import exclusive_lock
        from wangjian.operations.lineage.events import STEPS, event

        if run.step in STEPS:
            path.parent.mkdir(parents=True, exist_ok=True)
            # the transport writes a long event in pieces
            with exclusive_lock(path.with_name(f".{path.name}.lock"), doing="write a lineage event"):
                FileTransport(FileConfig(log_file_path=str(path), append=True)).emit(event(run, parent, kind, error))
    except Exception:
        _log.warning("no lineage event was written [step=%s, file=%s]", run.step, path, exc_info=True)
