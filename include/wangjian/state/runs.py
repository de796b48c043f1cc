"""Write and read the run log: what each step did, when, and how it ended (`state/run_log.jsonl`).

Each step writes one line when it starts and one when it ends, so that a killed step is visible too.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from wangjian.core.clock import new_run_id, now
from wangjian.core.disk import disk_trouble
from wangjian.core.errors import RejectedFile, WangjianError
from wangjian.core.logs import bound
from wangjian.core.paths import DataRoot
from wangjian.state import jsonl

_log = logging.getLogger(__name__)

Outcome = Literal["running", "succeeded", "skipped", "failed", "interrupted"]


class Run(BaseModel):
    """One step of one run. The step itself may set `rows`, `files`, `message` and `outcome` (`skipped`) while it runs.

    Attributes:
        entry_id: the id that the two lines of one step share.
        run_id: the id that the steps of one pipeline run share; sorts by start.
        step: `ingest`, `parse`, `build`, `check`, `publish`, `rollback`, ….
        source: the source's code; null for a step over all sources.
        outcome: `running` although the process has ended means that it was killed.
        rows: the number of rows handled, or null.
        files: the number of files handled, or null.
        reason: the short code of a failure: the error's class, or the reject code.
        message: a text for a person.
        purpose: why the step was started, where a person gave a reason.
    """

    entry_id: str = Field(default_factory=lambda: secrets.token_hex(8))
    run_id: str
    step: str
    source: str | None = None
    started_at: AwareDatetime = Field(default_factory=now)
    ended_at: AwareDatetime | None = None
    outcome: Outcome = "running"
    rows: int | None = None
    files: int | None = None
    reason: str | None = None
    message: str | None = None
    purpose: str | None = None


@contextmanager
def record_run(data: DataRoot, step: str, *, source: str | None = None, run_id: str | None = None) -> Iterator[Run]:
    """Write a step's start and end to the run log, also when it fails.

    Args:
        data: the data root.
        step: the step's name.
        source: the source's code, if the step is for one source.
        run_id: the run that the step belongs to; a new one if null.

    Yields:
        The record; values that the block sets on it are written at the end.

    Raises:
        The block's own error, after it was recorded.
    """
    run = Run(run_id=run_id or new_run_id(), step=step, source=source)
    log = data.state / "run_log.jsonl"
    jsonl.append(log, [run])
    with bound(run_id=run.run_id, step=step, source=source):
        _log.info("begins")
        try:
            yield run
            run.outcome = "succeeded" if run.outcome == "running" else run.outcome
        # BaseException: an interrupted step must be visible in the log too
        except BaseException as error:
            _note(run, error)
            # on a full disk this write may fail too; the step's own error is what the user must see
            with suppress(OSError, WangjianError):
                _end(log, run)
            raise
        _end(log, run)


def record_end(data: DataRoot, run: Run) -> None:
    """Record the end of a step that cannot do so itself, because its process is gone.

    Args:
        data: the data root.
        run: the step, with its end.
    """
    jsonl.append(data.state / "run_log.jsonl", [run])


def _end(log: Path, run: Run) -> None:
    run.ended_at = now()
    _log_end(run, (run.ended_at - run.started_at).total_seconds())
    jsonl.append(log, [run])


def _log_end(run: Run, seconds: float) -> None:
    is_well = run.outcome in ("succeeded", "skipped")
    fields = {"seconds": round(seconds, 3), "rows": run.rows, "files": run.files, "reason": run.reason}
    message = f"{run.outcome}: {run.message}" if run.message else run.outcome
    _log.log(logging.INFO if is_well else logging.ERROR, message, extra={"fields": fields})


def _note(run: Run, error: BaseException) -> None:
    error = disk_trouble(error) or error
    run.outcome = "failed" if isinstance(error, Exception) else "interrupted"
    run.reason = error.code if isinstance(error, RejectedFile) else type(error).__name__
    run.message = str(error) if isinstance(error, WangjianError) else f"{type(error).__name__}: {error}"


def runs(data: DataRoot) -> list[Run]:
    """Return the run log.

    Args:
        data: the data root.

    Returns:
        One record per step, sorted by start. The last line of a step counts.
    """
    by_entry = {record["entry_id"]: Run.model_validate(record) for record in jsonl.read(data.state / "run_log.jsonl")}
    return sorted(by_entry.values(), key=lambda run: (run.started_at, run.run_id, run.entry_id))
