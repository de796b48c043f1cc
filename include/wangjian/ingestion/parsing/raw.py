"""The raw layer on disk: Parquet files per batch, and ledgers that say which batches count. Reasons: docs/decisions/raw-layout.md.

    raw/<source>/<dataset>/<YYYY-MM>/<batch_id>.parquet   rows: contract columns as text, and lineage
    raw/_ledger/<source>/<dataset>/<YYYY-MM>.parquet      one row per landed file; replaced in one step = commit of parsing
    raw/_controls/… and raw/_rejects/…                    declared totals; lines that are no rows
    raw/_waivers/…, raw/_snapshot/…                       the waivers of `state/`, and all ledgers in one file; each build replaces them
A crash can leave a data file whose batch is in no ledger. No step reads such a file, and the next parse removes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wangjian.core.files import written_atomically
from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.contract import Dataset

LINEAGE = pa.schema(
    [
        ("_source", pa.string()),
        ("_provider", pa.string()),
        ("_dataset", pa.string()),
        ("_business_date", pa.date32()),
        ("_delivery", pa.string()),
        ("_mode", pa.string()),
        ("_part", pa.string()),
        ("_version", pa.int32()),
        ("_sheet", pa.string()),
        ("_row_number", pa.int64()),
        ("_file_sha256", pa.string()),
        ("_export_id", pa.string()),
        ("_batch_id", pa.string()),
    ]
)

FILE_LINEAGE = LINEAGE.remove(LINEAGE.get_field_index("_row_number"))
"""The lineage columns that are the same in all rows of a file."""

ROW_STATE = pa.schema([("_is_duplicate", pa.bool_()), ("_extra", pa.string())])

REJECTS = pa.unify_schemas([LINEAGE, pa.schema([("_reason_code", pa.string()), ("_raw_line", pa.string())])])

LEDGER = pa.schema(
    [
        ("source", pa.string()),
        ("provider", pa.string()),
        ("dataset", pa.string()),
        ("business_date", pa.date32()),
        ("delivery", pa.string()),
        ("mode", pa.string()),
        ("version", pa.int32()),
        ("part", pa.string()),
        ("role", pa.string()),
        ("original_name", pa.string()),
        ("file_sha256", pa.string()),
        ("byte_size", pa.int64()),
        ("fetched_at", pa.timestamp("us", tz="UTC")),
        ("delivered_at", pa.timestamp("us", tz="UTC")),
        ("export_id", pa.string()),
        ("batch_id", pa.string()),
        ("contract_hash", pa.string()),
        ("status", pa.string()),
        ("reject_code", pa.string()),
        ("reject_message", pa.string()),
        ("rows_read", pa.int64()),
        ("rows_rejected", pa.int64()),
        ("rows_duplicate", pa.int64()),
        ("declared_rows", pa.int64()),
        ("declared_amount", pa.decimal128(18, 2)),
        ("declared_sha256", pa.string()),
        ("extra_columns", pa.string()),
    ]
)

CONTROLS = pa.schema(
    [
        ("source", pa.string()),
        ("provider", pa.string()),
        ("dataset", pa.string()),
        ("business_date", pa.date32()),
        ("delivery", pa.string()),
        ("version", pa.int32()),
        ("scope", pa.string()),
        ("declared_rows", pa.int64()),
        ("file_sha256", pa.string()),
        ("export_id", pa.string()),
        ("batch_id", pa.string()),
    ]
)

CORRECTIONS = pa.schema(
    [
        ("correction_id", pa.string()),
        ("source", pa.string()),
        ("provider", pa.string()),
        ("dataset", pa.string()),
        ("business_date", pa.date32()),
        ("row_key", pa.string()),
        ("column_name", pa.string()),
        ("wrong_value", pa.string()),
        ("right_value", pa.string()),
        ("reason", pa.string()),
        ("corrected_by", pa.string()),
        ("corrected_at", pa.timestamp("us", tz="UTC")),
    ]
)

WAIVERS = pa.schema(
    [
        ("export_id", pa.string()),
        ("source", pa.string()),
        ("provider", pa.string()),
        ("dataset", pa.string()),
        ("business_date", pa.date32()),
        ("fail_codes", pa.string()),
        ("reason", pa.string()),
        ("waived_by", pa.string()),
        ("waived_at", pa.timestamp("us", tz="UTC")),
    ]
)


def rows_schema(dataset: Dataset) -> pa.Schema:
    """Return the raw columns of a dataset: the contract's columns, all as text, then lineage."""
    contract = pa.schema([(name, pa.string()) for name in dataset.column_names])
    return pa.unify_schemas([contract, LINEAGE, ROW_STATE])


@dataclass
class RawRows:
    """Rows of the raw layer, stored by column: a batch has hundreds of thousands of rows, and an object for each is slow."""

    schema: pa.Schema
    columns: dict[str, list[Any]] = field(init=False)
    count: int = 0

    def __post_init__(self) -> None:
        self.columns = {name: [] for name in self.schema.names}

    def add(self, count: int, varying: Mapping[str, Iterable[Any]], shared: Mapping[str, Any]) -> None:
        """Add the rows of a file.

        Args:
            count: the number of rows.
            varying: the columns with one value per row.
            shared: the values of all other columns, equal in all rows; a column that is in neither is null.
        """
        for name, values in self.columns.items():
            values.extend(varying[name] if name in varying else repeat(shared.get(name), count))
        self.count += count

    def write(self, path: Path) -> None:
        """Write the rows as Parquet in one step."""
        arrays = [pa.array(self.columns[column.name], column.type) for column in self.schema]
        with written_atomically(path) as temporary:
            pq.write_table(pa.Table.from_arrays(arrays, schema=self.schema), temporary, compression="zstd")


class Partition:
    """The raw files of one (source, dataset, month)."""

    def __init__(self, data: DataRoot, source: str, dataset: str, month: str) -> None:
        self.raw, self.source, self.dataset, self.month = data.raw, source, dataset, month

    @property
    def folder(self) -> Path:
        return self.raw / self.source / self.dataset / self.month

    @property
    def ledger(self) -> Path:
        return self.raw / "_ledger" / self.source / self.dataset / f"{self.month}.parquet"

    def rows_file(self, batch_id: str) -> Path:
        return self.folder / f"{batch_id}.parquet"

    def rejects_file(self, batch_id: str) -> Path:
        return self.raw / "_rejects" / self.source / self.dataset / self.month / f"{batch_id}.parquet"

    def controls_file(self, batch_id: str) -> Path:
        return self.raw / "_controls" / self.source / self.dataset / f"{self.month}-{batch_id}.parquet"

    def read_ledger(self) -> list[dict[str, Any]]:
        """Return the partition's ledger; empty where nothing was parsed."""
        return read_ledger(self.ledger).to_pylist() if self.ledger.exists() else []

    def remove_orphans(self, batches: Container[str]) -> None:
        """Remove the files of batches that are not in the ledger: a crash or an older contract left them."""
        files = [*self.folder.glob("*.parquet"), *self.rejects_file("x").parent.glob("*.parquet")]
        files += self.controls_file("x").parent.glob(f"{self.month}-*.parquet")
        for path in files:
            if path.stem.removeprefix(f"{self.month}-") not in batches:
                path.unlink()


@dataclass(frozen=True)
class ParsedExport:
    """An export that is in the ledger."""

    export_id: str
    provider: str
    contract_hash: str
    batch_id: str


def parsed_exports(data: DataRoot, source: str) -> dict[tuple[str, str], list[ParsedExport]]:
    """Return the exports in the ledgers of a source.

    Args:
        data: the data root.
        source: the source's code.

    Returns:
        The exports by dataset and month; partitions without a ledger are not in it.
    """
    exports: dict[tuple[str, str], list[ParsedExport]] = {}
    names = [column.name for column in fields(ParsedExport)]
    for path in sorted((data.raw / "_ledger" / source).glob("*/*.parquet")):
        # a dictionary removes the duplicates; Arrow's own grouping takes a quarter of a second to import
        columns = (column.to_pylist() for column in read_ledger(path, names).columns)
        exports[path.parent.name, path.stem] = [ParsedExport(*row) for row in dict.fromkeys(zip(*columns, strict=True))]
    return exports


def ledger_entries(data: DataRoot, source: str, dataset: str) -> list[dict[str, Any]]:
    """Return the ledgers' entries of a dataset: one entry for each file of an export."""
    paths = sorted((data.raw / "_ledger" / source / dataset).glob("*.parquet"))
    return [entry for path in paths for entry in read_ledger(path).to_pylist()]


def batch_id(parsed: Iterable[tuple[str, str]]) -> str:
    """Return the name of a batch. The same exports under the same contracts give the same name.

    Args:
        parsed: the export ids, each with its contract hash.
    """
    # sorted: the order in which exports were listed must not change the name
    return hashlib.sha256(f"{sorted(parsed)}".encode()).hexdigest()[:16]


def write_table(path: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> None:
    """Write rows as Parquet in one step."""
    with written_atomically(path) as temporary:
        pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema), temporary, compression="zstd")


def write_empty_files(data: DataRoot, datasets: Iterable[Dataset]) -> None:
    """Write a file without rows for each dataset, so that SQL can name its columns before the first export arrives."""
    wanted = {data.raw / d.source / d.name / "_schema" / "empty.parquet": rows_schema(d) for d in datasets}
    wanted[data.raw / "_controls" / "_schema" / "_schema" / "empty.parquet"] = CONTROLS
    wanted[data.raw / "_rejects" / "_schema" / "_schema" / "_schema" / "empty.parquet"] = REJECTS
    wanted[data.raw / "_waivers" / "_schema" / "empty.parquet"] = WAIVERS
    wanted[data.raw / "_corrections" / "_schema" / "empty.parquet"] = CORRECTIONS
    for path, schema in wanted.items():
        if not path.exists() or pq.read_schema(path).names != schema.names:
            write_table(path, [], schema)


def write_waivers(data: DataRoot, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the waivers in force to the file that SQL reads."""
    write_table(data.raw / "_waivers" / "state" / "waivers.parquet", rows, WAIVERS)


def write_corrections(data: DataRoot, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the corrections in force to the file that SQL reads."""
    write_table(data.raw / "_corrections" / "state" / "corrections.parquet", rows, CORRECTIONS)


def read_ledgers(data: DataRoot) -> pa.Table:
    """Return all present ledgers as one table."""
    paths = sorted((data.raw / "_ledger").glob("*/*/*.parquet"))
    return pa.concat_tables([LEDGER.empty_table(), *(read_ledger(path) for path in paths)], promote_options="default")


def read_ledger(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Return one partition's ledger, or some of its columns."""
    # a build reads thousands of small ledgers: threads, and another call for the schema, would cost more than the data
    with pq.ParquetFile(path) as file:
        return file.read(columns=columns, use_threads=False)


def snapshot_ledgers(data: DataRoot, ledgers: pa.Table) -> None:
    """Write all ledgers to the one file that SQL reads. So a build sees one state of them while parsing goes on."""
    with written_atomically(data.raw / "_snapshot" / "ledger.parquet") as temporary:
        pq.write_table(ledgers, temporary, compression="zstd")


def ledger_fingerprint(ledgers: pa.Table) -> str:
    """Return a hash of everything that is parsed: equal hashes give equal warehouses.

    Args:
        ledgers: the result of `read_ledgers`.

    Returns:
        64 hex digits. The time of fetching does not change them.
    """
    return _hash_of(ledgers, "export_id", "part", "status", "contract_hash", "business_date")


def contract_hashes(ledgers: pa.Table) -> str:
    """Return a hash of the contracts under which the files were parsed.

    Args:
        ledgers: the result of `read_ledgers`.

    Returns:
        64 hex digits; a new file under a known contract does not change it.
    """
    return _hash_of(ledgers, "source", "dataset", "contract_hash")


def _hash_of(ledgers: pa.Table, *columns: str) -> str:
    rows = ledgers.group_by(list(columns)).aggregate([]).sort_by([(column, "ascending") for column in columns])
    return hashlib.sha256(repr(rows.to_pylist()).encode()).hexdigest()
