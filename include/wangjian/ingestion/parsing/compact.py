"""Merge the many small batches of a finished month into one, without changing any result."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from wangjian.core.duckdb_memory import connect_beside
from wangjian.core.errors import Busy
from wangjian.core.files import written_atomically
from wangjian.core.locks import parse_lock, warehouse_lock
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing.raw import LEDGER, Partition, batch_id, parsed_exports, write_table


def compact(data: DataRoot, source: str) -> int:
    """Merge the batches of every month of a source except the last.

    The merged files are written first, then the ledger in one step, then the old files are removed. A crash in between leaves files
    that no ledger names; the next parse or compaction removes them. No build may run meanwhile, because it reads the old files.

    Args:
        data: the data root.
        source: the source's code.

    Returns:
        The number of merged partitions.

    Raises:
        Busy: a build is running; nothing was done.
    """
    doing = f"compact {source}"
    with warehouse_lock(data, doing, wait=False), parse_lock(data, source, doing):
        partitions = _closed(data, source)
        return sum(_compact_partition(partition) for partition in partitions)


def sweep(data: DataRoot, source: str, partitions: Iterable[tuple[str, str]]) -> None:
    """Remove the files of batches that no ledger names. While a build may be reading them, leave them to the next parse."""
    try:
        with warehouse_lock(data, "clear raw", wait=False):
            parsed = parsed_exports(data, source)
            for dataset, month in partitions:
                batches = {export.batch_id for export in parsed.get((dataset, month), ())}
                Partition(data, source, dataset, month).remove_orphans(batches)
    except Busy:
        return


def _closed(data: DataRoot, source: str) -> list[Partition]:
    ledgers = sorted((data.raw / "_ledger" / source).glob("*/*.parquet"))
    # the last month still gets batches, so merging it would be repeated every time
    latest = max((path.stem for path in ledgers), default="")
    return [Partition(data, source, path.parent.name, path.stem) for path in ledgers if path.stem < latest]


def _compact_partition(partition: Partition) -> bool:
    ledger = partition.read_ledger()
    batches = sorted({row["batch_id"] for row in ledger})
    partition.remove_orphans(batches)
    if len(batches) < 2:
        return False
    merged = batch_id({(row["export_id"], row["contract_hash"]) for row in ledger})
    kinds = (
        (partition.rows_file, "_batch_id"),
        (partition.rejects_file, "_batch_id"),
        (partition.controls_file, "batch_id"),
    )
    for path_of, column in kinds:
        _merge([path_of(name) for name in batches if path_of(name).exists()], path_of(merged), column, merged)
    write_table(partition.ledger, [row | {"batch_id": merged} for row in ledger], LEDGER)
    partition.remove_orphans([merged])
    return True


def _merge(parts: list[Path], target: Path, column: str, merged: str) -> None:
    if not parts:
        return
    schema: pa.Schema = pq.read_schema(parts[0])
    columns = ", ".join(f"'{merged}' as {name}" if name == column else f'"{name}"' for name in schema.names)
    order = "_export_id, _part, _sheet, _row_number" if column == "_batch_id" else "export_id, dataset, scope"
    files = [str(path) for path in parts]
    with connect_beside(target) as connection, written_atomically(target) as temporary:
        connection.execute(
            f"copy (select {columns} from read_parquet({files}, union_by_name = true) order by {order}) "
            f"to '{temporary}' (format parquet, compression zstd)"
        )
