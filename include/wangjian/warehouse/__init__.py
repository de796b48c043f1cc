"""Building the warehouse with dbt, in a process of its own: an in-process run would keep the file's lock."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wangjian.errors import WangjianError
from wangjian.files import write_atomically
from wangjian.locks import warehouse_lock
from wangjian.parsing import ledger_fingerprint, write_empty_files, write_waivers
from wangjian.paths import DBT_PROJECT, DataRoot
from wangjian.sources.contract import load_contract
from wangjian.sources.fetch import Progress
from wangjian.sources.registry import load_registry
from wangjian.state import append_check_results, current_build, new_run_id, record_build
from wangjian.state.waivers import waivers
from wangjian.warehouse.dbt import load_manifest, run_dbt
from wangjian.warehouse.dbt_results import dbt_check_results, is_test, node_name


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    Attributes:
        build_id: names this state of `warehouse.duckdb`; checks and publication refer to it.
        inputs: hash of everything that the build depends on.
        model_seconds: by model, the slowest first.
    """

    build_id: str
    inputs: str
    seconds: float
    was_current: bool = False
    model_seconds: dict[str, float] = field(default_factory=dict)


def build(data: DataRoot, *, force: bool = False, progress: Progress | None = None) -> BuildReport:
    """Build every model and run every dbt test.

    Args:
        data: the data root.
        force: build also where nothing has changed since the last build.
        progress: told of each model and test that ends.

    Returns:
        What was done.

    Raises:
        WangjianError: a model or test failed; the published file is as it was.
    """
    started = time.monotonic()
    with warehouse_lock(data, "build the warehouse"):
        inputs = inputs_fingerprint(data)
        _require_parsed(data)
        if not force and is_current(data):
            return BuildReport(current_build(data).build_id, inputs, time.monotonic() - started, was_current=True)
        run_id = new_run_id()
        for source in load_registry():
            # a source that has not come yet keeps no other from readers
            write_empty_files(data, load_contract(source).values())
        write_waivers(data, [waiver.model_dump(exclude={"is_withdrawn"}) for waiver in waivers(data)])
        _inputs_note(data).unlink(missing_ok=True)
        results = run_dbt(data, "build", progress)
        append_check_results(data, run_id, dbt_check_results(run_id, results, load_manifest(data)))
        _raise_on_failure(results)
        built = record_build(data, run_id)
        write_atomically(_inputs_note(data), f"{built.build_id} {inputs}")
    seconds = {node_name(result): result["execution_time"] for result in results if not is_test(result)}
    slowest = dict(sorted(seconds.items(), key=lambda item: -item[1]))
    return BuildReport(built.build_id, inputs, time.monotonic() - started, model_seconds=slowest)


def _require_parsed(data: DataRoot) -> None:
    if not any((data.raw / "_ledger").glob("*/*/*.parquet")):
        raise WangjianError(
            "nothing is parsed yet",
            folder=data.raw,
            mend="run `wangjian ingest` and `wangjian parse` for each source first",
        )


def _inputs_note(data: DataRoot) -> Path:
    """Beside the warehouse: which inputs it was built from. Without it the next build starts anew."""
    return data.root / "warehouse.inputs"


def is_current(data: DataRoot) -> bool:
    """Whether the warehouse holds a finished build of everything that is parsed, by the present SQL."""
    try:
        return _inputs_note(data).read_text() == f"{current_build(data).build_id} {inputs_fingerprint(data)}"
    except (FileNotFoundError, WangjianError):
        return False


def inputs_fingerprint(data: DataRoot) -> str:
    """A hash of what a build depends on: the parsed files, waivers, and the project's SQL, seeds and configuration."""
    digest = hashlib.sha256(ledger_fingerprint(data).encode())
    digest.update("".join(waiver.model_dump_json() for waiver in waivers(data)).encode())
    for path in sorted(DBT_PROJECT.rglob("*")):
        if path.suffix in (".sql", ".yml", ".csv") and "target" not in path.parts:
            digest.update(str(path.relative_to(DBT_PROJECT)).encode() + path.read_bytes())
    return digest.hexdigest()


def _raise_on_failure(results: list[dict[str, Any]]) -> None:
    failed = [result for result in results if result["status"] in ("error", "fail", "runtime error")]
    if failed:
        first = failed[0]
        message = " ".join(str(first.get("message", "")).split())[:400]
        raise WangjianError(
            f"{len(failed)} of {len(results)} dbt nodes failed; the first: {message}",
            model=node_name(first),
            mend="mend the model or its data, then build again; readers keep the last publication",
        )
