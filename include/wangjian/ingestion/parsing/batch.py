"""Exports of one source, dataset and month that are parsed together: their rows, what is told of them, and the ledger's entries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from wangjian.core.errors import RejectedFile
from wangjian.core.masking import masked
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.archived import landing_of
from wangjian.ingestion.landing.manifest import LandedFile
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing.fields import contract_fields, date_fields, is_personal, layout_fields
from wangjian.ingestion.parsing.formats.control_files import ControlFile, parse_ctl, parse_json_counts
from wangjian.ingestion.parsing.formats.csv_reader import parse_csv
from wangjian.ingestion.parsing.formats.evidence import check_evidence
from wangjian.ingestion.parsing.formats.page_batch import PageFile, PageOutcome
from wangjian.ingestion.parsing.formats.page_reader import check_page, parse_pages
from wangjian.ingestion.parsing.formats.workbook_reader import parse_workbook
from wangjian.ingestion.parsing.keyed_hash import keyed_hash, load_key
from wangjian.ingestion.parsing.portions import SomeFiles
from wangjian.ingestion.parsing.raw import (
    CONTROLS,
    FILE_LINEAGE,
    REJECTS,
    Partition,
    RawRows,
    batch_id,
    rows_schema,
    write_table,
)
from wangjian.ingestion.parsing.records import ParsedFile
from wangjian.ingestion.sources.contract import Dataset, load_contract
from wangjian.ingestion.sources.provider import JsonCounts, load_provider
from wangjian.ingestion.sources.registry import TIMEZONE, Source


@dataclass(frozen=True)
class Task:
    """Exports of one partition, or some of their pages, that become one batch.

    Attributes:
        contract_hashes: of each provider, as in the ledger; of a government source under "".
    """

    data: DataRoot
    source: Source
    dataset: str
    month: str
    exports: Sequence[SomeFiles]
    contract_hashes: Mapping[str, str]

    @property
    def byte_size(self) -> int:
        return sum(export.byte_size for export in self.exports)


@dataclass
class _Batch:
    """What is parsed together, and what comes out."""

    batch_id: str
    contract_hashes: Mapping[str, str]
    dataset: Dataset | None
    exports: Sequence[SomeFiles]
    rows: RawRows | None
    rejects: list[dict[str, Any]] = field(default_factory=list)
    controls: list[dict[str, Any]] = field(default_factory=list)
    ledger: list[dict[str, Any]] = field(default_factory=list)


def parse_batch(task: Task) -> list[dict[str, Any]]:
    """Write the rows of a batch, its rejected lines and its control totals, in files that count once the ledger names the batch.

    Args:
        task: what is to be parsed.

    Returns:
        The ledger's entries, one a file.
    """
    dataset = load_contract(task.source.source).get(task.dataset)
    rows = RawRows(rows_schema(dataset)) if dataset else None
    name = batch_id((_name(export), task.contract_hashes[export.key.provider]) for export in task.exports)
    batch = _Batch(name, task.contract_hashes, dataset, task.exports, rows)
    partition = Partition(task.data, task.source.source, task.dataset, task.month)
    _parse_rows(task, batch, partition)
    if batch.rejects:
        write_table(partition.rejects_file(name), batch.rejects, REJECTS)
    if batch.controls:
        write_table(partition.controls_file(name), batch.controls, CONTROLS)
    return batch.ledger


def _name(export: SomeFiles) -> str:
    """Its files tell portions of one export apart."""
    return f"{export.export_id} {export.files[0].part} {export.files[-1].part}"


def _parse_rows(task: Task, batch: _Batch, partition: Partition) -> None:
    landing = landing_of(task.data)
    if task.source.format == "json_pages":
        _parse_json_batch(batch, partition, landing)
        return
    key = load_key(task.data.state).secret
    for export in batch.exports:
        _parse_export(task.source, batch, export, landing, key)
    if batch.rows and batch.rows.count:
        batch.rows.write(partition.rows_file(batch.batch_id))


# JSON pages ----------------------------------------------------------------------------------------------------------


def _parse_json_batch(batch: _Batch, partition: Partition, landing: Landing) -> None:
    assert batch.dataset is not None
    pages = [(export, file) for export in batch.exports for file in export.files]
    errors: dict[tuple[str, str], RejectedFile] = {}
    target = partition.rows_file(batch.batch_id)
    try:
        outcomes = _parse_pages(batch, landing, pages, target)
    except RejectedFile:
        errors = _broken_pages(batch, landing, pages)
        good = [(export, file) for export, file in pages if (export.export_id, file.part) not in errors]
        outcomes = _parse_pages(batch, landing, good, target) if good else {}
    for export, file in pages:
        error = errors.get((export.export_id, file.part))
        outcome = outcomes.get(file.sha256)
        batch.ledger.append(_page_entry(batch, export, file, outcome, error))


def _parse_pages(
    batch: _Batch, landing: Landing, pages: Sequence[tuple[SomeFiles, LandedFile]], target: Any
) -> dict[str, PageOutcome]:
    assert batch.dataset is not None
    for export, _ in pages:
        _check_not_future(export, export.files[0])
    files = [PageFile(file.sha256, file.byte_size, _lineage_values(batch, export, file)) for export, file in pages]
    return parse_pages(landing, batch.dataset, files, target)


def _broken_pages(
    batch: _Batch, landing: Landing, pages: Sequence[tuple[SomeFiles, LandedFile]]
) -> dict[tuple[str, str], RejectedFile]:
    assert batch.dataset is not None
    errors = {}
    for export, file in pages:
        try:
            _check_not_future(export, file)
            page = PageFile(file.sha256, file.byte_size, _lineage_values(batch, export, file))
            check_page(landing, page, batch.dataset, export.key.business_date)
        except RejectedFile as error:
            errors[export.export_id, file.part] = error
    return errors


def _page_entry(
    batch: _Batch, export: SomeFiles, file: LandedFile, outcome: PageOutcome | None, error: RejectedFile | None
) -> dict[str, Any]:
    entry = _ledger_entry(batch, export, file)
    if error or outcome is None:
        return entry | _rejection(error or RejectedFile("UNREADABLE_FILE", "the page could not be read"))
    return entry | {
        "status": "parsed",
        "rows_read": outcome.rows_read,
        "rows_rejected": 0,
        "rows_duplicate": outcome.rows_duplicate,
        "declared_rows": outcome.declared_rows,
        "extra_columns": _names(outcome.extra_columns),
    }


# files, one by one ---------------------------------------------------------------------------------------------------


def _parse_export(source: Source, batch: _Batch, export: SomeFiles, landing: Landing, key: bytes) -> None:
    controls = {file.part: file for file in export.files if file.role == "control"}
    for file in export.files:
        entry = _ledger_entry(batch, export, file)
        try:
            _check_not_future(export, file)
            entry |= _parse_file(source, batch, export, file, controls, landing, key)
        except RejectedFile as error:
            entry |= _rejection(error)
        batch.ledger.append(entry)


def _parse_file(
    source: Source,
    batch: _Batch,
    export: SomeFiles,
    file: LandedFile,
    controls: dict[str, LandedFile],
    landing: Landing,
    key: bytes,
) -> dict[str, Any]:
    content = landing.read(file.sha256)
    if file.role == "evidence" and not landing.is_erased(file.sha256):
        check_evidence(content)
    if file.role in ("evidence", "marker"):
        return {"status": "stored"}
    if source.format == "provider":
        return _parse_provider_file(batch, export, file, content, key)
    if file.role == "control":
        parse_ctl(content)
        return {"status": "stored"}
    control = _control_of(file, controls, landing)
    assert batch.dataset is not None
    parsed = parse_csv(content, contract_fields(batch.dataset), source.encodings)
    declared = {"declared_rows": control.rows, "declared_amount": control.amount, "declared_sha256": control.sha256}
    return _take(batch, export, file, parsed, key) | declared


def _control_of(file: LandedFile, controls: dict[str, LandedFile], landing: Landing) -> ControlFile:
    part = file.part.removesuffix(".csv") + ".ctl"
    if part not in controls:
        raise RejectedFile("MISSING_CONTROL", f"no control file {part} beside it", fix="ask the source to send it")
    control = parse_ctl(landing.read(controls[part].sha256))
    if control.sha256 != file.sha256:
        raise RejectedFile(
            "WRONG_HASH",
            f"the control file declares SHA-256 {control.sha256[:12]}…, the file has {file.sha256[:12]}…",
            fix="the transfer or the export was damaged: ask for a new sequence",
        )
    return control


def _parse_provider_file(
    batch: _Batch, export: SomeFiles, file: LandedFile, content: bytes, key: bytes
) -> dict[str, Any]:
    name = load_provider(export.key.provider).recognise(file.part)
    if name is None:
        raise RejectedFile(
            "UNKNOWN_LAYOUT", f"no layout of {export.key.provider} knows {file.part}", fix="describe it in YAML"
        )
    layout = name.layout
    if layout.format == "json":
        assert isinstance(layout.control, JsonCounts)
        declared = parse_json_counts(content, layout.control, layout.encodings)
        _take_controls(batch, export, file, ParsedFile(declared=declared))
        return {"status": "stored"}
    assert batch.dataset is not None
    fields = layout_fields(layout, batch.dataset)
    if layout.format == "csv":
        parsed = parse_csv(content, fields, layout.encodings, layout.ignored_headers)
    else:
        parsed = parse_workbook(content, layout, fields, date_fields(batch.dataset))
    _take_controls(batch, export, file, parsed)
    return _take(batch, export, file, parsed, key)


def _take(batch: _Batch, export: SomeFiles, file: LandedFile, parsed: ParsedFile, key: bytes) -> dict[str, Any]:
    """Add a file's rows to the batch; personal columns are hashed or dropped here, before anything is written."""
    assert batch.dataset is not None
    assert batch.rows is not None
    duplicates = _duplicates(parsed)
    lineage = _lineage(batch, export, file)
    varying: dict[str, Iterable[Any]] = {
        column.name: _treated(parsed.columns[column.name], column.on_parse, key)
        for column in batch.dataset.columns
        if column.name in parsed.columns
    }
    varying |= {"_row_number": parsed.numbers, "_is_duplicate": duplicates, "_extra": map(_kept_extra, parsed.extras)}
    if parsed.sheets:
        varying["_sheet"] = parsed.sheets
    batch.rows.add(len(parsed.numbers), varying, lineage)
    for line in parsed.rejected:
        place = {"_row_number": line.number, "_reason_code": line.code, "_raw_line": masked(line.text)}
        batch.rejects.append(lineage | place)
    return {
        "status": "parsed",
        "rows_read": parsed.rows_read,
        "rows_rejected": len(parsed.rejected),
        "rows_duplicate": sum(duplicates),
        "extra_columns": _names(parsed.extra_columns),
    }


def _duplicates(parsed: ParsedFile) -> list[bool]:
    """Whether an earlier row of the file says the same, for each row."""
    seen: set[tuple[object, ...]] = set()
    found = []
    extras = (tuple(sorted(extra.items())) for extra in parsed.extras)
    for content in zip(*parsed.columns.values(), extras, strict=True):
        found.append(content in seen)
        seen.add(content)
    return found


def _kept_extra(extra: Mapping[str, str]) -> str | None:
    """Unknown columns as JSON, without those that look personal; null where there are none."""
    kept = {name: value for name, value in extra.items() if not is_personal(name)}
    return json.dumps(kept, ensure_ascii=False) if kept else None


def _names(columns: Sequence[str]) -> str | None:
    """Unknown columns as JSON, masked: where the header is missing its place is taken by a row of data."""
    return masked(json.dumps(columns, ensure_ascii=False)) if columns else None


def _treated(values: list[str | None], treatment: str, key: bytes) -> list[str | None]:
    if treatment == "keep":
        return values
    return [keyed_hash(value, key) if value is not None and treatment == "keyed_hash" else None for value in values]


def _take_controls(batch: _Batch, export: SomeFiles, file: LandedFile, parsed: ParsedFile) -> None:
    key = export.key
    batch.controls += [
        {
            "source": key.source,
            "provider": key.provider,
            "dataset": declared.dataset,
            "business_date": key.business_date,
            "delivery": key.delivery,
            "version": key.version,
            "scope": declared.scope,
            "declared_rows": declared.rows,
            "file_sha256": file.sha256,
            "export_id": export.export_id,
            "batch_id": batch.batch_id,
        }
        for declared in parsed.declared
    ]


# lineage and ledger --------------------------------------------------------------------------------------------------


def _lineage(batch: _Batch, export: SomeFiles, file: LandedFile) -> dict[str, Any]:
    key = export.key
    return {
        "_source": key.source,
        "_provider": key.provider,
        "_dataset": key.dataset,
        "_business_date": key.business_date,
        "_delivery": key.delivery,
        "_mode": key.mode,
        "_part": file.part,
        "_version": key.version,
        "_sheet": "",
        "_file_sha256": file.sha256,
        "_export_id": export.export_id,
        "_batch_id": batch.batch_id,
    }


def _lineage_values(batch: _Batch, export: SomeFiles, file: LandedFile) -> tuple[object, ...]:
    lineage = _lineage(batch, export, file)
    return tuple(lineage[name] for name in FILE_LINEAGE.names)


def _ledger_entry(batch: _Batch, export: SomeFiles, file: LandedFile) -> dict[str, Any]:
    key = export.key.model_dump()
    return {
        **{
            name: key[name]
            for name in ("source", "provider", "dataset", "business_date", "delivery", "mode", "version")
        },
        "part": file.part,
        "role": file.role,
        "original_name": file.original_name,
        "file_sha256": file.sha256,
        "byte_size": file.byte_size,
        "fetched_at": file.fetched_at,
        "delivered_at": file.delivered_at,
        "export_id": export.export_id,
        "batch_id": batch.batch_id,
        "contract_hash": batch.contract_hashes[export.key.provider],
        "rows_read": None,
    }


def _rejection(error: RejectedFile) -> dict[str, Any]:
    # a file without its header shows a row of data where the message names the columns
    return {"status": "rejected", "reject_code": error.code, "reject_message": masked(str(error))}


def _check_not_future(export: SomeFiles, file: LandedFile) -> None:
    fetched_on = file.fetched_at.astimezone(ZoneInfo(TIMEZONE)).date()
    if export.key.business_date > fetched_on:
        raise RejectedFile(
            "FUTURE_DATE",
            f"business date {export.key.business_date} lies after the day of fetching, {fetched_on}",
            fix="ask the source to correct its date",
        )
