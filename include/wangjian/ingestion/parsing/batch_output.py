"""Write a batch to raw: rows, rejected lines and control totals. Personal columns are hashed or dropped here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wangjian.core.masking import masked
from wangjian.ingestion.parsing.fields import is_personal
from wangjian.ingestion.parsing.formats.base import FileToParse
from wangjian.ingestion.parsing.keyed_hash import keyed_hash
from wangjian.ingestion.parsing.raw import CONTROLS, REJECTS, Partition, RawRows, rows_schema, write_table
from wangjian.ingestion.parsing.records import Declared, ParsedFile, columns_as_json
from wangjian.ingestion.sources.contract import Dataset


class BatchOutput:
    """Collects the content of a batch's files, and writes it when all files are read.

    Args:
        batch_id: the name of the batch.
        partition: the partition to which its files belong.
        dataset: the contract; null for a batch that has control totals only.
        key: the secret key of the hashes.
    """

    def __init__(self, batch_id: str, partition: Partition, dataset: Dataset | None, key: bytes) -> None:
        self.batch_id, self._partition, self._dataset, self._key = batch_id, partition, dataset, key
        self._rows = RawRows(rows_schema(dataset)) if dataset else None
        self._rejects: list[dict[str, Any]] = []
        self._controls: list[dict[str, Any]] = []

    @property
    def rows_file(self) -> Path:
        """Return the path of the batch's Parquet file."""
        return self._partition.rows_file(self.batch_id)

    def add(self, item: FileToParse, parsed: ParsedFile) -> dict[str, Any]:
        """Add a file's rows, rejected lines and control totals, and return the ledger's columns about the file.

        Args:
            item: the file.
            parsed: its content. Personal values are hashed or dropped before anything is stored.
        """
        self.add_controls(item, parsed.declared)
        duplicates = _duplicates(parsed)
        lineage = item.lineage(self.batch_id)
        self._add_rows(parsed, duplicates, lineage)
        # a rejected line was never split into columns, so no column can be hashed: mask what looks personal
        self._rejects += [
            lineage | {"_row_number": line.number, "_reason_code": line.code, "_raw_line": masked(line.text)}
            for line in parsed.rejected
        ]
        return {
            "status": "parsed",
            "rows_read": parsed.rows_read,
            "rows_rejected": len(parsed.rejected),
            "rows_duplicate": sum(duplicates),
            "extra_columns": columns_as_json(parsed.extra_columns),
        }

    def add_controls(self, item: FileToParse, declared: Sequence[Declared]) -> None:
        """Add the control totals that a file declares."""
        self._controls += [self._control(item, total) for total in declared]

    def write(self) -> None:
        """Write the collected rows, rejected lines and control totals; a kind without content gets no file."""
        if self._rows and self._rows.count:
            self._rows.write(self.rows_file)
        if self._rejects:
            write_table(self._partition.rejects_file(self.batch_id), self._rejects, REJECTS)
        if self._controls:
            write_table(self._partition.controls_file(self.batch_id), self._controls, CONTROLS)

    def _add_rows(self, parsed: ParsedFile, duplicates: list[bool], lineage: Mapping[str, Any]) -> None:
        assert self._dataset is not None
        assert self._rows is not None
        varying: dict[str, Iterable[Any]] = {
            column.name: _treated(parsed.columns[column.name], column.on_parse, self._key)
            for column in self._dataset.columns
            if column.name in parsed.columns
        }
        extras = map(_kept_extra, parsed.extras)
        varying |= {"_row_number": parsed.numbers, "_is_duplicate": duplicates, "_extra": extras}
        if parsed.sheets:
            varying["_sheet"] = parsed.sheets
        self._rows.add(len(parsed.numbers), varying, lineage)

    def _control(self, item: FileToParse, declared: Declared) -> dict[str, Any]:
        key = item.export.key
        return {
            "source": key.source,
            "provider": key.provider,
            "dataset": declared.dataset,
            "business_date": key.business_date,
            "delivery": key.delivery,
            "version": key.version,
            "scope": declared.scope,
            "declared_rows": declared.rows,
            "file_sha256": item.file.sha256,
            "export_id": item.export.export_id,
            "batch_id": self.batch_id,
        }


def _duplicates(parsed: ParsedFile) -> list[bool]:
    """Return for each row whether an earlier row of the file has the same values."""
    seen: set[tuple[object, ...]] = set()
    repeated = []
    extras = (tuple(sorted(extra.items())) for extra in parsed.extras)
    for content in zip(*parsed.columns.values(), extras, strict=True):
        repeated.append(content in seen)
        seen.add(content)
    return repeated


def _kept_extra(extra: Mapping[str, str]) -> str | None:
    """Return unknown columns as JSON, without those that look personal; null where there are none."""
    # a new column may hold personal data before anybody has added it to the contract
    kept = {name: value for name, value in extra.items() if not is_personal(name)}
    return json.dumps(kept, ensure_ascii=False) if kept else None


def _treated(values: list[str | None], treatment: str, key: bytes) -> list[str | None]:
    """Return the values as the contract's `on_parse` says: kept, as keyed hashes, or all null."""
    if treatment == "keep":
        return values
    return [keyed_hash(value, key) if value is not None and treatment == "keyed_hash" else None for value in values]
