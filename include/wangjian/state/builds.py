"""Which warehouse file is a finished build (`state/builds.jsonl`).

A check and a publication speak of one build. The build is known by a stamp of the file that it left, so a file that was
written to since, or that a crashed build left half done, is no build at all.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, Field

from wangjian.core.clock import now
from wangjian.core.errors import WangjianError
from wangjian.core.paths import DataRoot
from wangjian.state import jsonl

# DuckDB's main header and its two database headers: each checkpoint changes one of them
_HEADER_BYTES = 3 * 4096


class Build(BaseModel):
    """A build that ended well.

    Attributes:
        build_id: names it; check results and publications refer to it.
        invocation_id: dbt's own id.
        warehouse_stamp: of the file that it left (see `warehouse_stamp`).
    """

    build_id: str
    run_id: str
    invocation_id: str | None = None
    built_at: AwareDatetime = Field(default_factory=now)
    warehouse_stamp: str


def warehouse_stamp(path: Path) -> str:
    """Tell whether a DuckDB file was written to: hash of its headers, size and time of change; the same after `cp -a`.

    Args:
        path: the file; no process may be writing to it.

    Returns:
        16 hex digits.

    Raises:
        WangjianError: there is no such file, or a write-ahead log lies beside it (a writer is at work, or crashed).
    """
    if not path.exists():
        raise WangjianError("there is no warehouse yet", file=path, fix="run `wangjian build`")
    if path.with_name(f"{path.name}.wal").exists():
        raise WangjianError("the last build did not end", file=path, fix="run `wangjian build` again")
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(_HEADER_BYTES))
    status = path.stat()
    digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def record_build(data: DataRoot, run_id: str, invocation_id: str | None = None) -> Build:
    """Say that the warehouse file, as it lies there now, is a finished build. To be called last by `build`.

    Args:
        data: the data root.
        run_id: the run that built it.
        invocation_id: dbt's id of the invocation.

    Returns:
        The build.

    Raises:
        WangjianError: there is no warehouse, or its writer has not ended.
    """
    stamp = warehouse_stamp(data.warehouse)
    build_id = hashlib.sha256(f"{stamp} {invocation_id or run_id}".encode()).hexdigest()[:16]
    build = Build(build_id=build_id, run_id=run_id, invocation_id=invocation_id, warehouse_stamp=stamp)
    jsonl.append(data.state / "builds.jsonl", [build])
    return build


def current_build(data: DataRoot) -> Build:
    """The finished build that the warehouse file holds.

    Args:
        data: the data root.

    Returns:
        The build.

    Raises:
        WangjianError: the file is not as a finished build left it.
    """
    stamp = warehouse_stamp(data.warehouse)
    builds = [Build.model_validate(record) for record in jsonl.read(data.state / "builds.jsonl")]
    for build in reversed(builds):
        if build.warehouse_stamp == stamp:
            return build
    raise WangjianError(
        "the warehouse is not as a finished build left it", file=data.warehouse, fix="run `wangjian build` again"
    )
