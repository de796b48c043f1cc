"""Parse all landed exports of a source that are not parsed yet, partition by partition."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from wangjian.core.errors import ArchiveUnavailable
from wangjian.core.locks import parse_lock
from wangjian.core.paths import DataRoot
from wangjian.core.printable import printable
from wangjian.ingestion.fetching.fetch import Progress
from wangjian.ingestion.landing.archived import landing_of, require_bytes
from wangjian.ingestion.parsing.batch import Task, parse_batch
from wangjian.ingestion.parsing.compact import sweep
from wangjian.ingestion.parsing.formats import format_of_source
from wangjian.ingestion.parsing.parallel import processors, run_in_processes
from wangjian.ingestion.parsing.pending import Again, Pending, pending
from wangjian.ingestion.parsing.portions import portions
from wangjian.ingestion.parsing.raw import LEDGER, Partition, write_empty_files, write_table
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.registry import Source

_WORTH_PROCESSES = 8 * 2**20
"""Bytes from which on several processes parse: fewer bytes are parsed before another process has started."""


@dataclass
class ParseReport:
    """The counts of a parse, and a message for each rejected file."""

    source: str
    files: int = 0
    rows: int = 0
    rejected_files: int = 0
    seconds: float = 0.0
    messages: list[str] = field(default_factory=list)


def parse(source: Source, data: DataRoot, progress: Progress | None = None, again: Again | None = None) -> ParseReport:
    """Parse every landed export of a source that is not parsed under its present contract, and return a report.

    Args:
        source: the source, from the registry.
        data: the data root.
        progress: a function that the parse calls before each partition.
        again: the partitions (dataset, month) to parse again although they are parsed. Each ledger is replaced in one step, so that
            a build at the same time reads either the old or the new one.

    Returns:
        The report; a rejected file is a message in it, not an error.

    Raises:
        ArchiveUnavailable: files to parse are in an archive that is not available. Their rows stay as they were, and everything
            else is parsed.
        WangjianError: landed bytes are missing, or a process was killed. The partitions parsed before stay parsed.
    """
    started = time.monotonic()
    report = ParseReport(source.source)
    with parse_lock(data, source.source, f"parse {source.source}"):
        # before the first export of a dataset arrives, SQL gets the names of its columns from these files
        write_empty_files(data, load_contract(source.source).values())
        partitions = pending(source, data, landing_of(data), again)
        available, failures = _available(data, partitions)
        tasks = [_tasks(source, data, item) for item in available]
        batches = _parsed(list(chain.from_iterable(tasks)))
        for done, (item, parts) in enumerate(zip(available, tasks, strict=True)):
            if progress:
                progress(f"{item.dataset} {item.month}", done, len(available))
            entries = list(chain.from_iterable(islice(batches, len(parts))))
            _commit(Partition(data, source.source, item.dataset, item.month), item, entries)
            _count(entries, report)
        # only now: until the ledger is replaced, the build still reads the files of the old batches
        sweep(data, source.source, ((item.dataset, item.month) for item in partitions))
    # at the end: an archive that is not mounted must not stop the other partitions
    if failures:
        raise failures[0].and_more(failures[1:])
    report.seconds = time.monotonic() - started
    return report


def _available(data: DataRoot, partitions: Sequence[Pending]) -> tuple[list[Pending], list[ArchiveUnavailable]]:
    """Return the partitions that need work and have their bytes here, and an error for each one without its bytes."""
    landing = landing_of(data)
    available, failures = [], []
    for item in partitions:
        if not item.is_settled:
            try:
                require_bytes(data, landing, item.exports)
                available.append(item)
            except ArchiveUnavailable as error:
                failures.append(error)
    return available, failures


def _tasks(source: Source, data: DataRoot, item: Pending) -> list[Task]:
    # a large month becomes several tasks, so that all processors work on it
    shared = portions(item.exports, are_pages=format_of_source(source).stands_alone)
    return [Task(data, source, item.dataset, item.month, exports, item.contract_hashes) for exports in shared]


def _parsed(tasks: Sequence[Task]) -> Iterator[list[dict[str, Any]]]:
    is_worth_it = len(tasks) > 1 and sum(task.byte_size for task in tasks) >= _WORTH_PROCESSES
    return run_in_processes(parse_batch, tasks, processors() if is_worth_it else 1)


def _commit(partition: Partition, item: Pending, entries: list[dict[str, Any]]) -> None:
    # a batch counts once the ledger names it: this single write makes all of its files valid
    kept = [row for row in partition.read_ledger() if row["export_id"] in item.parsed]
    write_table(partition.ledger, kept + entries, LEDGER)


def _count(entries: Sequence[dict[str, Any]], report: ParseReport) -> None:
    report.files += len(entries)
    report.rows += sum(entry["rows_read"] or 0 for entry in entries)
    for entry in entries:
        if entry["status"] == "rejected":
            report.rejected_files += 1
            message = f"{entry['original_name']} ({entry['business_date']}): {entry['reject_code']}: {entry['reject_message']}"
            report.messages.append(printable(message))
