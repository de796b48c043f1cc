"""What others take for the same work, side by side on the same files: `make bench FULL=1`.

Loading: the JSON pages of the five-level system, which all can do, to rows in a table; no lineage, control totals or rejected rows.
Building: dbt by itself on the same parsed files, without what the warehouse does around it.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import duckdb

from bench.measure import Cost, run
from wangjian.core.paths import DBT_PROJECT, PROJECT_ROOT, DataRoot
from wangjian.ingestion.landing.store import Landing

SCRIPTS = Path(__file__).parent / "scripts"
PYTHON = PROJECT_ROOT / ".venv-bench" / "bin" / "python"
LOADERS = ("dlt", "polars", "pandas")


def loading(data: DataRoot, environment: Mapping[str, str], folder: Path) -> dict[str, Cost]:
    """Each loader over the landed JSON pages, in a process of its own.

    Args:
        data: everything is landed and parsed there.
        environment: of the processes.
        folder: gets what they write.

    Returns:
        By loader.

    Raises:
        SystemExit: one failed, or read other rows than the warehouse.
    """
    folder.mkdir(parents=True)
    listed = folder / "files.json"
    listed.write_text(json.dumps(_pages(data)))
    wanted, costs = _rows(data), {}
    for name in LOADERS:
        target = folder / name
        target.mkdir()
        command = [str(PYTHON), str(SCRIPTS / f"load_with_{name}.py"), str(listed), str(target)]
        costs[name] = run(command, environment, folder / f"{name}.log")
        counted = json.loads((target / "counts.json").read_text())
        if counted != wanted:
            sys.exit(f"✘ {name} read other rows than the warehouse: {counted}, not {wanted}")
    return costs


def _pages(data: DataRoot) -> dict[str, list[str]]:
    landing = Landing(data.landing)
    found: dict[str, set[str]] = defaultdict(set)
    for export in landing.exports("five_level"):
        found[export.key.dataset] |= {str(landing.path_of(file.sha256)) for file in export.files}
    return {dataset: sorted(paths) for dataset, paths in sorted(found.items())}


def _rows(data: DataRoot) -> dict[str, int]:
    """Of each distinct page once: what is landed twice is read once by the others."""
    query = (
        "select dataset, cast(sum(rows_read) as bigint) from ("
        f"select distinct dataset, file_sha256, rows_read from read_parquet('{data.raw}/_ledger/five_level/*/*.parquet')"
        ") group by dataset order by dataset"
    )
    return dict(duckdb.sql(query).fetchall())


def plain_dbt(data: DataRoot, environment: Mapping[str, str], folder: Path) -> Cost:
    """dbt by itself: models, seeds and tests, from the same raw files to a file of its own."""
    root = folder / "dbt"
    root.mkdir(parents=True)
    (root / "raw").symlink_to(data.raw)
    places = [
        "--project-dir",
        str(DBT_PROJECT),
        "--profiles-dir",
        str(DBT_PROJECT),
        "--target-path",
        str(root / "target"),
    ]
    command = ["build", "--full-refresh", "--quiet", "--exclude-resource-type", "unit_test", *places]
    process = [sys.executable, "-m", "wangjian.warehouse.dbt_process", *command, "--log-path", str(root / "logs")]
    return run(process, {**environment, "WANGJIAN_DATA": str(root)}, folder / "dbt.log")
