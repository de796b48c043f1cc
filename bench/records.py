"""Write a run's measurements as JSON: for comparison over time, and for the page on sizing."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.report import Report
from wangjian.core.paths import PROJECT_ROOT
from wangjian.state import now


def write_record(folder: Path, report: Report) -> Path:
    """Add a run to the records and return the path of the new file.

    Args:
        folder: the folder of the records, one file per run.
        report: the measurements of the run.
    """
    measured = now()
    path = folder / f"{measured:%Y%m%dT%H%M}-{report.scale}.json"
    head = {"measured_at": f"{measured:%Y-%m-%dT%H:%M%z}", "commit": _commit(), "machine": machine()}
    record = {**head, **asdict(report), "targets": [asdict(target) for target in report.targets()]}
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")
    return path


def machine() -> dict[str, Any]:
    """Return the machine and the versions of a run. Only ratios of two machines are comparable, never seconds."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": names[0].partition(": ")[2] if names else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        # a busy machine explains a slow record
        "load_before": os.getloadavg()[2],
        **{
            name: version(name) for name in ("duckdb", "dbt-core", "dbt-duckdb", "great-expectations", "apache-airflow")
        },
    }


def _commit() -> str:
    # `-dirty` marks a record of uncommitted code
    command = ["git", "-C", str(PROJECT_ROOT), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
