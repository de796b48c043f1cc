"""Build the warehouse with dbt, and decide what can be kept of the last build. Reasons: docs/decisions/incremental.md."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from wangjian.core.disk import disk_trouble, disk_trouble_in_text
from wangjian.core.errors import WangjianError
from wangjian.core.files import write_atomically
from wangjian.core.locks import warehouse_lock
from wangjian.core.paths import DBT_PROJECT, DataRoot
from wangjian.ingestion.fetching.fetch import Progress
from wangjian.ingestion.parsing import (
    contract_hashes,
    ledger_fingerprint,
    read_ledgers,
    snapshot_ledgers,
    write_corrections,
    write_empty_files,
    write_waivers,
)
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.registry import load_registry
from wangjian.state import append_check_results, current_build, new_run_id, record_build
from wangjian.state.corrections import Correction, corrections
from wangjian.state.waivers import waivers
from wangjian.warehouse.dbt import load_manifest, run_dbt
from wangjian.warehouse.dbt_results import dbt_check_results, failed, is_test, node_name
from wangjian.warehouse.opening import raise_if_open_elsewhere
from wangjian.warehouse.spark.settings import BUILDING, SPARK_FOLDER, engine


@dataclass(frozen=True)
class BuildReport:
    """The result of a build.

    Attributes:
        build_id: the id of this state of `warehouse.duckdb`; checks and publication refer to it.
        inputs: a hash of everything that the build depends on.
        model_seconds: the seconds of each model, the slowest first.
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
        force: build even if nothing has changed since the last build, and keep nothing of it.
        progress: called when a model or test has finished.

    Returns:
        The build's id and times.

    Raises:
        WangjianError: a model or test failed; the published file is unchanged.
    """
    started = time.monotonic()
    with warehouse_lock(data, "build the warehouse"):
        _require_parsed(data)
        # before dbt reads anything: a file that is parsed during the build is then a difference that the next build sees
        ledgers = read_ledgers(data)
        corrected = corrections(data)
        inputs, rules = inputs_fingerprint(data, ledgers), rules_fingerprint(ledgers, corrected)
        if not force and _is_built_from(data, inputs):
            return BuildReport(current_build(data).build_id, inputs, time.monotonic() - started, was_current=True)
        run_id = new_run_id()
        for source in load_registry():
            # a source without an export yet must not stop the build of the others
            write_empty_files(data, load_contract(source).values())
        snapshot_ledgers(data, ledgers)
        write_waivers(data, [waiver.model_dump(exclude={"is_withdrawn"}) for waiver in waivers(data)])
        write_corrections(
            data,
            [item.model_dump(exclude={"is_withdrawn"}) | {"correction_id": item.correction_id} for item in corrected],
        )
        _clear_crash_remains(data.warehouse)
        # also when DuckDB builds now: a Spark build that crashed may have left personal data there
        shutil.rmtree(data.scratch / SPARK_FOLDER, ignore_errors=True)
        may_increment = not force and _may_increment(data, rules)
        # without the note a build that crashes from here on is followed by a full one
        _inputs_note(data).unlink(missing_ok=True)
        results, manifest = _run(data, may_increment, _corrected_columns(corrected), progress)
        # before a failure is raised: the results say which test failed
        append_check_results(data, run_id, dbt_check_results(run_id, results, manifest))
        _raise_on_failure(results)
        built = record_build(data, run_id)
        # last of all: only a build that finished may be kept by the next one
        write_atomically(_inputs_note(data), f"{built.build_id} {inputs} {rules}")
    seconds = {node_name(result): result["execution_time"] for result in results if not is_test(result)}
    slowest = dict(sorted(seconds.items(), key=lambda item: -item[1]))
    return BuildReport(built.build_id, inputs, time.monotonic() - started, model_seconds=slowest)


def _run(
    data: DataRoot, may_increment: bool, variables: str, progress: Progress | None
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Run dbt on the configured engine; return its results and its manifest."""
    if engine() == "spark":
        from wangjian.warehouse.spark.build import build_on_spark

        return build_on_spark(data, variables, may_increment=may_increment, progress=progress)
    results = run_dbt(data, f"build{'' if may_increment else ' --full-refresh'}{variables}", progress)
    return results, load_manifest(data)


def _corrected_columns(corrected: list[Correction]) -> str:
    """Return the dbt option that names the corrected columns; empty without corrections.

    Only these columns are compared with the corrections. Without corrections the SQL is the same as in a project without the feature.
    """
    corrected_columns: dict[str, list[str]] = {}
    for item in corrected:
        columns = corrected_columns.setdefault(f"{item.source}.{item.dataset}", [])
        if item.column_name not in columns:
            columns.append(item.column_name)
    # without blanks: the command is split at them
    variables = json.dumps(
        {"corrected_columns": {name: sorted(corrected_columns[name]) for name in sorted(corrected_columns)}},
        separators=(",", ":"),
    )
    return f" --vars {variables}" if corrected_columns else ""


def _require_parsed(data: DataRoot) -> None:
    if not any((data.raw / "_ledger").glob("*/*/*.parquet")):
        raise WangjianError(
            "nothing is parsed yet",
            folder=data.raw,
            fix="run `wangjian ingest` and `wangjian parse` for each source first",
        )


def _clear_crash_remains(warehouse: Path) -> None:
    """Remove what a crash can leave: spilled rows, an unfinished copy from Spark, and a warehouse that cannot be opened.

    The warehouse can be removed, because everything in it is built from `raw/`.
    """
    shutil.rmtree(warehouse.with_name(f"{warehouse.name}.tmp"), ignore_errors=True)
    warehouse.with_name(f"{warehouse.name}{BUILDING}").unlink(missing_ok=True)
    try:
        if warehouse.exists():
            duckdb.connect(str(warehouse), read_only=True).close()
    except duckdb.Error as error:
        # a file that another program has open, or that a full disk made unreadable, is not damaged and must stay
        raise_if_open_elsewhere(warehouse, "build the warehouse", str(error))
        if trouble := disk_trouble(error):
            raise trouble from error
        forget_warehouse(warehouse)


def forget_warehouse(warehouse: Path) -> None:
    """Remove the warehouse, so that the next build makes a new one. The log goes first: DuckDB would apply it to the new file."""
    warehouse.with_name(f"{warehouse.name}.wal").unlink(missing_ok=True)
    warehouse.unlink(missing_ok=True)


def _inputs_note(data: DataRoot) -> Path:
    """Return the path of the note with build id, inputs and rules of the warehouse. Without it the next build is a full one."""
    return data.root / "warehouse.inputs"


def _note(data: DataRoot) -> tuple[str, ...]:
    try:
        return tuple(_inputs_note(data).read_text().split())
    except FileNotFoundError:
        return ()


def is_current(data: DataRoot) -> bool:
    """Return whether the warehouse holds a finished build of all parsed files by the present SQL."""
    return _is_built_from(data, inputs_fingerprint(data, read_ledgers(data)))


def _is_built_from(data: DataRoot, inputs: str) -> bool:
    try:
        return _note(data)[:2] == (current_build(data).build_id, inputs)
    except WangjianError:
        return False


def _may_increment(data: DataRoot, rules: str) -> bool:
    """Return whether the warehouse is a finished build by the present rules, so that rows of unchanged files may stay."""
    try:
        return _note(data)[::2] == (current_build(data).build_id, rules)
    except WangjianError:
        return False


def inputs_fingerprint(data: DataRoot, ledgers: pa.Table) -> str:
    """Return a hash of everything a build depends on: parsed files, waivers, corrections, SQL and configuration, the engine."""
    digest = hashlib.sha256(ledger_fingerprint(ledgers).encode())
    digest.update("".join(waiver.model_dump_json() for waiver in waivers(data)).encode())
    digest.update("".join(item.model_dump_json() for item in corrections(data)).encode())
    digest.update(f"{_project_fingerprint()} {engine()}".encode())
    return digest.hexdigest()


def rules_fingerprint(ledgers: pa.Table, corrected: list[Correction]) -> str:
    """Return a hash of the rules that turn a landed file into rows: contracts, parsers, corrections, SQL, seeds, the engine.

    DuckDB's version is one of them, because another version may compute other values with `hash`.
    """
    decided = "".join(item.model_dump_json() for item in corrected)
    return hashlib.sha256(
        f"{contract_hashes(ledgers)} {_project_fingerprint()} {engine()} {duckdb.__version__}{decided}".encode()
    ).hexdigest()


def _project_fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(DBT_PROJECT.rglob("*")):
        if path.suffix in (".sql", ".yml", ".csv") and "target" not in path.parts and path.is_file():
            digest.update(str(path.relative_to(DBT_PROJECT)).encode() + path.read_bytes())
    return digest.hexdigest()


def _raise_on_failure(results: list[dict[str, Any]]) -> None:
    if wrong := failed(results):
        first = wrong[0]
        message = " ".join(str(first.get("message", "")).split())[:400]
        if trouble := disk_trouble_in_text(message, model=node_name(first)):
            raise trouble
        raise WangjianError(
            f"{len(wrong)} of {len(results)} dbt nodes failed; the first: {message}",
            model=node_name(first),
            fix="fix the model or its data, then build again; the last publication stays visible",
        )
