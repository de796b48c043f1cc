"""Do the warehouse's work in a plain DuckDB script, without its guarantees: the floor with which the benchmark compares.

    python -m bench.plain parse     landed files to Parquet; values as in raw (trimmed, blank is null); no row lineage, ledger, control
                                    totals, rejected rows or evidence
    python -m bench.plain build     dbt's compiled SELECTs, in order; no dbt, tests, seeds or build record

It reads the data root `$WANGJIAN_DATA` and writes below `$BENCH_PLAIN`, never into the data root.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

from wangjian.core.paths import DataRoot
from wangjian.warehouse import hosts
from wangjian.warehouse.dbt import work_folder

DATA, OUT = Path(os.environ["WANGJIAN_DATA"]), Path(os.environ["BENCH_PLAIN"])


def parse() -> None:
    """Write every landed data file as rows of text: a Parquet file per source, dataset and month."""
    for (source, dataset, month), files in _landed().items():
        target = OUT / f"{source}-{dataset}-{month}.parquet"
        if source == "five_level":
            _json_pages([path for _, path in files], target)
        else:
            tables = [table for name, path in files for table in _tables(name, path)]
            if tables:
                pq.write_table(pa.concat_tables(tables, promote_options="default"), target, compression="zstd")


def _landed() -> dict[tuple[str, str, str], list[tuple[str, Path]]]:
    """Return the names and paths of the landed data files by source, dataset and month."""
    files: dict[tuple[str, str, str], list[tuple[str, Path]]] = defaultdict(list)
    for manifest in sorted((DATA / "landing" / "manifests").glob("*/*/*/*.jsonl")):
        for line in manifest.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record["role"] == "data":
                key = (record["source"], record["dataset"], manifest.parent.name)
                sha256 = record["sha256"]
                files[key].append((record["part"], DATA / "landing" / "objects" / sha256[:2] / sha256))
    return files


def _json_pages(paths: list[Path], target: Path) -> None:
    names = [str(path) for path in sorted(set(paths))]
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select nullif(trim(cast(columns(*) as varchar)), '') from (select unnest(records, recursive := true) "
            f"from read_json({names}, format = 'unstructured', maximum_object_size = 67108864))) "
            f"to '{target}' (format parquet, compression zstd)"
        )


def _tables(name: str, path: Path) -> list[pa.Table]:
    if name.endswith(".csv"):
        return [_table(list(csv.reader(io.StringIO(_decoded(path.read_bytes()), newline=""))))]
    if name.endswith(".xlsx"):
        book = CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
        return [_table(book.get_sheet_by_name(sheet).to_python()) for sheet in book.sheet_names]
    return []


def _decoded(content: bytes) -> str:
    """Return the text of a CSV file, which is UTF-8 or GB18030."""
    # not by DuckDB, which reads GB18030 only with an extension
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _table(cells: list[list[Any]]) -> pa.Table:
    header, *rows = [[str(cell).strip() or None for cell in row] for row in cells] or [[]]
    columns = {
        f"{index}:{name}": [row[index] if index < len(row) else None for row in rows]
        for index, name in enumerate(header)
    }
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def build() -> None:
    """Create every model from its compiled SELECT on one connection; copy the seeds from the warehouse."""
    target = work_folder(DataRoot(DATA))
    nodes = {
        name: node
        for name, node in json.loads((target / "manifest.json").read_text())["nodes"].items()
        if node["resource_type"] == "model"
    }
    # the memory and threads of dbt's profile (dbt_project/profiles.yml): with more, the floor would be another machine
    with duckdb.connect(
        str(OUT / "plain.duckdb"), config={"memory_limit": "6GB", "threads": 2, "preserve_insertion_order": "false"}
    ) as connection:
        hosts.register(connection)
        connection.execute(f"attach '{DATA / 'warehouse.duckdb'}' as warehouse (read_only)")
        connection.execute("create schema reference")
        for (seed,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'warehouse' and schema_name = 'reference'"
        ).fetchall():
            connection.execute(f"create table reference.{seed} as from warehouse.reference.{seed}")
        for schema in sorted({node["schema"] for node in nodes.values()}):
            connection.execute(f"create schema if not exists {schema}")
        for name in _in_order(nodes):
            # dbt has compiled an ephemeral model into the SELECTs that read it
            if nodes[name]["config"]["materialized"] != "ephemeral":
                connection.execute(_statement(nodes[name], target))


def _in_order(nodes: dict[str, Any]) -> list[str]:
    graph = {
        name: [parent for parent in node["depends_on"]["nodes"] if parent in nodes] for name, node in nodes.items()
    }
    return list(TopologicalSorter(graph).static_order())


def _statement(node: dict[str, Any], target: Path) -> str:
    select = (target / "compiled" / node["package_name"] / node["original_file_path"]).read_text()
    own = select.replace('"warehouse".', '"plain".')
    kind = "view" if node["config"]["materialized"] == "view" else "table"
    return f'create {kind} "{node["schema"]}"."{node["name"]}" as {own}'


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    {"parse": parse, "build": build}[sys.argv[1]]()
