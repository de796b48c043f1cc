"""Run dbt in a process of its own. Within this process dbt would keep the warehouse file open, and thereby locked."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import orjson

from wangjian.core.disk import disk_trouble_in_text
from wangjian.core.errors import WangjianError
from wangjian.core.locks import held_descriptors
from wangjian.core.paths import DBT_PROJECT, DataRoot
from wangjian.ingestion.fetching.fetch import Progress
from wangjian.warehouse.opening import raise_if_open_elsewhere

KEPT_LINES = 8
_WHOLE = (0, 1)
"""Exit codes of a complete run (1: nodes failed). An interrupted dbt writes results of the finished nodes and exits with 2."""


@dataclass(frozen=True)
class Engine:
    """The engine on which dbt runs the models.

    Attributes:
        target: the engine's target in `profiles.yml`.
        command: the command that starts dbt for this engine.
        environment: further environment variables that the profile reads.
    """

    target: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


DUCKDB = Engine("duckdb", (sys.executable, "-m", "wangjian.warehouse.dbt_process"))


def work_folder(data: DataRoot, engine: Engine = DUCKDB) -> Path:
    """Return the folder for dbt's own files, a different one for each version.

    dbt stores there what it has parsed. What one version stored misleads another version on the same data root.
    """
    try:
        installed = version("wangjian")
    except PackageNotFoundError:
        installed = ""
    kind = "dbt" if engine is DUCKDB else f"dbt-{engine.target}"
    return data.scratch / f"{kind}-{hashlib.sha256(f'{DBT_PROJECT} {installed}'.encode()).hexdigest()[:8]}"


def run_dbt(
    data: DataRoot, command: str, progress: Progress | None = None, engine: Engine = DUCKDB
) -> list[dict[str, Any]]:
    """Run a dbt command on the whole project. The caller must hold the warehouse's lock.

    Args:
        data: the data root; dbt's own files go to its scratch folder.
        command: `build`, `docs generate`, ….
        progress: called when a node has finished.
        engine: the engine on which the models run.

    Returns:
        dbt's results, one per node, failed nodes included.

    Raises:
        Busy: another program has the warehouse open.
        WangjianError: dbt ran no node, or was stopped before all had run.
    """
    target = work_folder(data, engine)
    target.mkdir(parents=True, exist_ok=True)
    results = target / "run_results.json"
    # dbt writes no results when it fails early; the results of the run before must not count then
    results.unlink(missing_ok=True)
    options = ["--log-path", str(target / "logs"), "--log-format", "json", "--log-level-file", "info"]
    # unit tests check the SQL and not the data: they run in the project's test suite
    kinds = ["--exclude-resource-type", "unit_test"] if command.startswith("build") else []
    places = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--target-path", str(target)]
    places += ["--target", engine.target]
    # dbt must not send usage statistics over the network
    environment = {**os.environ, "WANGJIAN_DATA": str(data.root), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    messages, code = _follow(
        [*engine.command, *options, *command.split(), *kinds, *places],
        {**environment, **engine.environment},
        progress,
    )
    if not results.exists() or code not in _WHOLE:
        raise_if_open_elsewhere(data.warehouse, f"run dbt {command.partition(' --')[0]}", "\n".join(messages))
        raise _broken_off(messages, code, target / "logs" / "dbt.log")
    node_results = list(json.loads(results.read_text())["results"])
    # a build whose results lack nodes must not count as finished, whatever dbt's exit code says
    if command.startswith("build") and (
        left := _nodes(data, engine) - {result["unique_id"] for result in node_results}
    ):
        raise _broken_off([f"{len(left)} nodes did not run, such as {min(left)}"], code, target / "logs" / "dbt.log")
    return node_results


def _nodes(data: DataRoot, engine: Engine) -> set[str]:
    """Return the ids of the nodes that a build runs. Ephemeral models are part of others, and unit tests are not nodes."""
    nodes = load_manifest(data, engine)["nodes"]
    return {name for name, node in nodes.items() if node["config"].get("materialized") != "ephemeral"}


def _broken_off(messages: list[str], code: int, log: Path) -> WangjianError:
    text = " ".join(messages)
    if code < 0:
        name = signal.Signals(-code).name
        return WangjianError(
            f"dbt was stopped by {name}: {text}",
            log=log,
            fix="find out what stopped it (often too little memory: see `dmesg`), then run again",
        )
    return disk_trouble_in_text(text) or WangjianError(
        f"dbt broke off: {text}", log=log, fix="read the log; a model or YAML file is probably wrong"
    )


def load_manifest(data: DataRoot, engine: Engine = DUCKDB) -> dict[str, Any]:
    """Return dbt's manifest of the last run: the nodes of the project and how they depend on each other."""
    manifest: dict[str, Any] = orjson.loads((work_folder(data, engine) / "manifest.json").read_bytes())
    return manifest


def _follow(command: list[str], environment: dict[str, str], progress: Progress | None) -> tuple[list[str], int]:
    """Run dbt; return its last messages and its exit code (negative: the signal that ended it)."""
    messages: list[str] = []
    # dbt inherits the locks: if this process is killed, dbt goes on writing, and the lock must last as long as dbt
    locks = held_descriptors()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, pass_fds=locks
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            message = _message_of(line, progress)
            messages = [*messages[1 - KEPT_LINES :], message] if message else messages
    return messages, process.returncode


def _message_of(line: str, progress: Progress | None) -> str:
    try:
        event = json.loads(line)
        data = event["data"]
    except (ValueError, TypeError, KeyError):
        return line.strip()
    if progress and "execution_time" in data and "index" in data and "total" in data:
        progress(str(data["node_info"]["node_name"]), data["index"], data["total"])
    return str(event["info"]["msg"]).strip()
