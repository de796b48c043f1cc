"""Measure other tools on the same files: `make bench FULL=1`.

Loading: the JSON pages of the five-level system, which every loader can read, into tables; no lineage, control totals or rejected rows.
Building: dbt alone on the same parsed files, without the warehouse's own work around it.
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
    """Run each loader on the landed JSON pages, in its own process, and return what each cost.

    Args:
        data: a data root in which everything is landed and parsed.
        environment: the environment of the processes.
        folder: the folder for their output.

    Returns:
        The cost by the loader's name.

    Raises:
        SystemExit: a loader failed, or read another number of rows than the warehouse.
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
            sys.exit(f"✘ {name} read {counted} rows, the warehouse {wanted} → make load_with_{name}.py read every page")
    return costs


def _pages(data: DataRoot) -> dict[str, list[str]]:
    landing = Landing(data.landing)
    pages: dict[str, set[str]] = defaultdict(set)
    for export in landing.exports("five_level"):
        pages[export.key.dataset] |= {str(landing.path_of(file.sha256)) for file in export.files}
    return {dataset: sorted(paths) for dataset, paths in sorted(pages.items())}


def _rows(data: DataRoot) -> dict[str, int]:
    """Return the rows of each dataset in distinct pages: a page that is landed twice is read once by the loaders."""
    query = (
        "select dataset, cast(sum(rows_read) as bigint) from ("
        f"select distinct dataset, file_sha256, rows_read from read_parquet('{data.raw}/_ledger/five_level/*/*.parquet')"
        ") group by dataset order by dataset"
    )
    return dict(duckdb.sql(query).fetchall())


def plain_dbt(data: DataRoot, environment: Mapping[str, str], folder: Path) -> Cost:
    """Build models, seeds and tests with dbt alone, from the same raw files to another DuckDB file, and return what it cost."""
    root = folder / "dbt"
    root.mkdir(parents=True)
    # the same raw files, but another warehouse file: the measured one must stay as it is
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
