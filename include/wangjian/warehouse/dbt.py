"""dbt as a process of its own: an in-process run would keep the warehouse file's lock."""

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
"""Exit codes of a run that came to its end; 1 where nodes failed. Interrupted, dbt writes the results of half the nodes, and ends with 2."""


@dataclass(frozen=True)
class Engine:
    """What dbt runs the models on.

    Attributes:
        target: its output in `profiles.yml`.
        command: how dbt is started for it.
        environment: what the profile asks for besides.
    """

    target: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


DUCKDB = Engine("duckdb", (sys.executable, "-m", "wangjian.warehouse.dbt_process"))


def work_folder(data: DataRoot, engine: Engine = DUCKDB) -> Path:
    """Where dbt keeps what it knows of the project: what it parsed of one version misleads another one on the same data root."""
    try:
        installed = version("wangjian")
    except PackageNotFoundError:
        installed = ""
    kind = "dbt" if engine is DUCKDB else f"dbt-{engine.target}"
    return data.scratch / f"{kind}-{hashlib.sha256(f'{DBT_PROJECT} {installed}'.encode()).hexdigest()[:8]}"


def run_dbt(
    data: DataRoot, command: str, progress: Progress | None = None, engine: Engine = DUCKDB
) -> list[dict[str, Any]]:
    """Run a dbt command over the whole project. The caller holds the warehouse's lock.

    Args:
        data: the data root; dbt's own files go to its scratch folder.
        command: `build`, `docs generate`, ….
        progress: told of each node that ends.
        engine: what the models run on.

    Returns:
        dbt's results, one a node; failed nodes are results too.

    Raises:
        Busy: another program has the warehouse open.
        WangjianError: dbt did not get as far as running nodes, or was stopped before their end.
    """
    target = work_folder(data, engine)
    target.mkdir(parents=True, exist_ok=True)
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    options = ["--log-path", str(target / "logs"), "--log-format", "json", "--log-level-file", "info"]
    # unit tests prove the SQL, not the data: they run with the project's tests
    kinds = ["--exclude-resource-type", "unit_test"] if command.startswith("build") else []
    places = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--target-path", str(target)]
    places += ["--target", engine.target]
    environment = {**os.environ, "WANGJIAN_DATA": str(data.root), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    said, code = _follow(
        [*engine.command, *options, *command.split(), *kinds, *places],
        {**environment, **engine.environment},
        progress,
    )
    if not results.exists() or code not in _WHOLE:
        raise_if_open_elsewhere(data.warehouse, f"run dbt {command.partition(' --')[0]}", "\n".join(said))
        raise _broken_off(said, code, target / "logs" / "dbt.log")
    found = list(json.loads(results.read_text())["results"])
    if command.startswith("build") and (left := _nodes(data, engine) - {result["unique_id"] for result in found}):
        raise _broken_off([f"{len(left)} nodes did not run, such as {min(left)}"], code, target / "logs" / "dbt.log")
    return found


def _nodes(data: DataRoot, engine: Engine) -> set[str]:
    """What a build runs: all but ephemeral models, which are part of others, and unit tests, which are no nodes."""
    nodes = load_manifest(data, engine)["nodes"]
    return {name for name, node in nodes.items() if node["config"].get("materialized") != "ephemeral"}


def _broken_off(said: list[str], code: int, log: Path) -> WangjianError:
    words = " ".join(said)
    if code < 0:
        name = signal.Signals(-code).name
        return WangjianError(
            f"dbt was stopped by {name}: {words}", log=log, fix="look who stops it (memory?), then run again"
        )
    return disk_trouble_in_text(words) or WangjianError(
        f"dbt broke off: {words}", log=log, fix="read the log; a model or YAML file is probably wrong"
    )


def load_manifest(data: DataRoot, engine: Engine = DUCKDB) -> dict[str, Any]:
    """What the last run of dbt knew of the project: its nodes and how they hang together."""
    found: dict[str, Any] = orjson.loads((work_folder(data, engine) / "manifest.json").read_bytes())
    return found


def _follow(command: list[str], environment: dict[str, str], progress: Progress | None) -> tuple[list[str], int]:
    """The last lines that dbt said, and its exit code (negative: the signal that ended it)."""
    said: list[str] = []
    # dbt holds our locks with us: were we killed, it would go on writing
    locks = held_descriptors()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, pass_fds=locks
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            message = _told(line, progress)
            said = [*said[1 - KEPT_LINES :], message] if message else said
    return said, process.returncode


def _told(line: str, progress: Progress | None) -> str:
    try:
        event = json.loads(line)
        data = event["data"]
    except (ValueError, TypeError, KeyError):
        return line.strip()
    if progress and "execution_time" in data and "index" in data and "total" in data:
        progress(str(data["node_info"]["node_name"]), data["index"], data["total"])
    return str(event["info"]["msg"]).strip()
