"""Write OpenLineage events: what each step reads and writes, as JSON lines in the file that `$WANGJIAN_OPENLINEAGE_FILE` names."""

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
"""The step that is running now: it is the parent of a step that starts within it."""


@contextmanager
def lineage_events(run: Run) -> Iterator[None]:
    """Write one event at the start of a step and one at its end, if the file is configured. It never fails the step.

    Args:
        run: the step. The last event has the values that the step sets on it.

    Raises:
        Exception: the error of the block, after its event was written.
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
    # BaseException: a step that a person or the scheduler stops must get its last event too.
    except BaseException as error:
        _write(path, run, parent, "FAIL" if isinstance(error, Exception) else "ABORT", error)
        raise
    else:
        _write(path, run, parent, "COMPLETE")
    finally:
        _around.reset(token)


def _write(path: Path, run: Run, parent: Run | None, kind: str, error: BaseException | None = None) -> None:
    try:
        # Imported here: the client takes a moment to load, and most installations write no events.
        from openlineage.client.transport.file import FileConfig, FileTransport

        from wangjian.core.locks import exclusive_lock
        from wangjian.operations.lineage.events import STEPS, event

        if run.step in STEPS:
            path.parent.mkdir(parents=True, exist_ok=True)
            # The transport writes a long event in several pieces, which could mix with those of another process.
            with exclusive_lock(path.with_name(f".{path.name}.lock"), doing="write a lineage event"):
                FileTransport(FileConfig(log_file_path=str(path), append=True)).emit(event(run, parent, kind, error))
    except Exception:
        _log.warning("the lineage event could not be written [step=%s, file=%s]", run.step, path, exc_info=True)
