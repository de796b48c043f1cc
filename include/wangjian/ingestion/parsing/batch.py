"""Parse the exports of one source, dataset and month together, and return the ledger's entries for their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from wangjian.core.errors import RejectedFile
from wangjian.core.masking import masked
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.archived import landing_of
from wangjian.ingestion.parsing.batch_output import BatchOutput
from wangjian.ingestion.parsing.formats import FileFormat, FileToParse, format_of
from wangjian.ingestion.parsing.formats.base import Outcome
from wangjian.ingestion.parsing.keyed_hash import load_key
from wangjian.ingestion.parsing.portions import SomeFiles
from wangjian.ingestion.parsing.raw import Partition, batch_id
from wangjian.ingestion.sources.contract import Dataset, load_contract
from wangjian.ingestion.sources.registry import TIMEZONE, Source


@dataclass(frozen=True)
class Task:
    """Work for one process: exports of one dataset and month, or some of their pages, that become one Parquet file (a batch).

    Attributes:
        contract_hashes: the hash of the contract and layout by provider; a government source has one, under the key "".
    """

    data: DataRoot
    source: Source
    dataset: str
    month: str
    exports: Sequence[SomeFiles]
    contract_hashes: Mapping[str, str]

    @property
    def byte_size(self) -> int:
        """Return the bytes of all files."""
        return sum(export.byte_size for export in self.exports)


def parse_batch(task: Task) -> list[dict[str, Any]]:
    """Write the rows, rejected lines and control totals of a batch, and return the ledger's entries, one per file.

    The written files count only when the ledger names the batch: a crash before leaves files that nothing reads.

    Args:
        task: the exports to parse.
    """
    dataset = load_contract(task.source.source).get(task.dataset)
    name = batch_id((_name(export), task.contract_hashes[export.key.provider]) for export in task.exports)
    partition = Partition(task.data, task.source.source, task.dataset, task.month)
    output = BatchOutput(name, partition, dataset, load_key(task.data.state).secret)
    landing = landing_of(task.data)
    files = [FileToParse(landing, export, file) for export in task.exports for file in export.files]
    outcomes = _outcomes(task, dataset, files, output)
    entries = [
        _ledger_entry(task, name, item) | _result(outcome) for item, outcome in zip(files, outcomes, strict=True)
    ]
    output.write()
    return entries


def _name(export: SomeFiles) -> str:
    """Return a name of a portion: its first and last file distinguish it from the other portions of the export."""
    return f"{export.export_id} {export.files[0].part} {export.files[-1].part}"


def _outcomes(
    task: Task, dataset: Dataset | None, files: Sequence[FileToParse], output: BatchOutput
) -> Iterator[Outcome]:
    """Yield the outcome of each file. Neighbours of one format are parsed together; rows stay in the order of their files."""
    chosen = [(_format_or_error(task, dataset, item), item) for item in files]
    for format_, group in groupby(chosen, key=lambda pair: pair[0]):
        items = [item for _, item in group]
        yield from format_.parse(items, output) if isinstance(format_, FileFormat) else (format_ for _ in items)


def _format_or_error(task: Task, dataset: Dataset | None, item: FileToParse) -> FileFormat | RejectedFile:
    try:
        _check_not_future(item)
        return format_of(task.source, dataset, item.export.key.provider, item.file.part, item.file.role)
    except RejectedFile as error:
        return error


def _check_not_future(item: FileToParse) -> None:
    # the latest business date is the date of the whole warehouse (int_as_of): one wrong year would move every report and time limit
    business_date = item.export.key.business_date
    fetched_on = item.file.fetched_at.astimezone(ZoneInfo(TIMEZONE)).date()
    if business_date > fetched_on:
        raise RejectedFile(
            "FUTURE_DATE",
            f"business date {business_date} lies after the day of fetching, {fetched_on}",
            fix="ask the source to correct its date",
        )


def _result(outcome: Outcome) -> dict[str, Any]:
    """Return the ledger's columns about the result of a file."""
    if isinstance(outcome, RejectedFile):
        # the message names the file's columns; in a file without a header these are a row of data, maybe with personal data
        return {"status": "rejected", "reject_code": outcome.code, "reject_message": masked(str(outcome))}
    return outcome


def _ledger_entry(task: Task, batch: str, item: FileToParse) -> dict[str, Any]:
    key, file = item.export.key.model_dump(), item.file
    names = ("source", "provider", "dataset", "business_date", "delivery", "mode", "version")
    return {
        **{name: key[name] for name in names},
        "part": file.part,
        "role": file.role,
        "original_name": file.original_name,
        "file_sha256": file.sha256,
        "byte_size": file.byte_size,
        "fetched_at": file.fetched_at,
        "delivered_at": file.delivered_at,
        "export_id": item.export.export_id,
        "batch_id": batch,
        "contract_hash": task.contract_hashes[key["provider"]],
        # a rejected file has no count; a parsed one gets it from its outcome
        "rows_read": None,
    }
