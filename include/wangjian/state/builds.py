"""Record which state of the warehouse file is a finished build (`state/builds.jsonl`).

A check and a publication each refer to one build. A stamp of the finished file identifies the build. A file that was written to
since then, or that a crashed build left unfinished, has another stamp and counts as no build.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, Field

from wangjian.core.clock import now
from wangjian.core.errors import WangjianError
from wangjian.core.paths import DataRoot
from wangjian.state import jsonl

# DuckDB's main header and its two database headers: each checkpoint changes one of them, so the rest need not be read
_HEADER_BYTES = 3 * 4096


class Build(BaseModel):
    """A build that ended without an error.

    Attributes:
        build_id: the id to which check results and publications refer.
        invocation_id: dbt's own id.
        warehouse_stamp: the stamp of the finished file (see `warehouse_stamp`).
    """

    build_id: str
    run_id: str
    invocation_id: str | None = None
    built_at: AwareDatetime = Field(default_factory=now)
    warehouse_stamp: str


def warehouse_stamp(path: Path) -> str:
    """Return a stamp of a DuckDB file that changes with every write: a hash of headers, size and time of change.

    The stamp of a copy made with `cp -a` is the same, so that a restored warehouse still counts as its build.

    Args:
        path: the file; no process may be writing to it.

    Returns:
        16 hex digits.

    Raises:
        WangjianError: there is no such file, or there is a write-ahead log next to it (a writer is at work, or crashed).
    """
    if not path.exists():
        raise WangjianError("there is no warehouse yet", file=path, fix="run `wangjian build`")
    # a write-ahead log holds writes that are not in the file yet, so the file is not the whole warehouse
    if path.with_name(f"{path.name}.wal").exists():
        raise WangjianError("the last build did not finish", file=path, fix="run `wangjian build` again")
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(_HEADER_BYTES))
    status = path.stat()
    digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def record_build(data: DataRoot, run_id: str, invocation_id: str | None = None) -> Build:
    """Record that the present warehouse file is a finished build. `build` calls this as its last step.

    Args:
        data: the data root.
        run_id: the run that built it.
        invocation_id: dbt's id of the invocation.

    Returns:
        The build.

    Raises:
        WangjianError: there is no warehouse, or a process still writes to it.
    """
    stamp = warehouse_stamp(data.warehouse)
    build_id = hashlib.sha256(f"{stamp} {invocation_id or run_id}".encode()).hexdigest()[:16]
    build = Build(build_id=build_id, run_id=run_id, invocation_id=invocation_id, warehouse_stamp=stamp)
    jsonl.append(data.state / "builds.jsonl", [build])
    return build


def current_build(data: DataRoot) -> Build:
    """Return the finished build that is in the warehouse file.

    Args:
        data: the data root.

    Returns:
        The build.

    Raises:
        WangjianError: the file has changed since the last finished build.
    """
    stamp = warehouse_stamp(data.warehouse)
    builds = [Build.model_validate(record) for record in jsonl.read(data.state / "builds.jsonl")]
    # all builds and not only the last: after a restore the file can be that of an older one
    for build in reversed(builds):
        if build.warehouse_stamp == stamp:
            return build
    raise WangjianError(
        "the warehouse has changed since the last finished build", file=data.warehouse, fix="run `wangjian build` again"
    )
