"""Readers during a hundred publications: none fails, none sees two publications at once, and none sees one that is too old.

Every publication has its own number in several tables, in row counts and in values. Eight processes and a pool of connections
read them as BI tools do; the rule for reconnecting is that of docs/how-to/read-the-published-file.md.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from support.reconnecting import engine_of
from support.small_warehouse import build, data, labels
from wangjian.core.paths import DataRoot
from wangjian.publishing import open_published, publications, publish

__all__ = ["build", "data", "labels"]

pytestmark = [pytest.mark.slow, pytest.mark.world("invariants", minutes=2)]

PUBLICATIONS = 100
ROWS = 10_000
PATIENCE_SECONDS = 300
PAUSE_SECONDS = 0.2

TABLES = {
    "marts": f"select count(*) - {ROWS} from marts.fct_case",
    "marts' values": "select cast(max(penalty_total) / (count(*) - 1) as bigint) from marts.fct_case",
    "reports": f"select case_count - {ROWS} from reports.rpt_cases",
    "audit": "select count(*) from audit.publication",
}
AT_ONCE = f"select {', '.join(f'({query})' for query in TABLES.values())}"

Ask = Callable[[str], tuple[Any, ...]]


@dataclass
class Shared:
    """The state that the publishing process and its readers share."""

    root: Path
    ready: Any
    done: Any
    published: Any
    answers: Any

    @property
    def link(self) -> str:
        return os.fspath(self.root / "published" / "warehouse.duckdb")


class Reader:
    """Read repeatedly, and note everything that a reader must not see."""

    def __init__(self, shared: Shared) -> None:
        self.shared, self.last = shared, 0
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []

    def loop(self, visit: Callable[[Reader], None]) -> None:
        """Visit until the stop signal; the first visit is before the first publication that counts."""
        try:
            visit(self)
            self.shared.ready.wait(PATIENCE_SECONDS)
            while not self.shared.done.wait(PAUSE_SECONDS):
                visit(self)
        except Exception as error:
            self.faults.append(f"failed: {error!r}")
        self.shared.answers.put((self.counts, self.faults))

    def see(self, ask: Ask, at_least: int) -> None:
        """Read with one connection: all tables in one query, then each table in a query of its own."""
        numbers = set(ask(AT_ONCE))
        separately = {ask(query)[0] for query in TABLES.values()}
        if len(numbers | separately) != 1:
            self.faults.append(f"torn: {numbers} in one query, {separately} one after the other")
        number = int(min(numbers))
        if number < at_least:
            self.faults.append(f"stale: {number}, although {at_least} was published before it was opened")
        if number < self.last:
            self.faults.append(f"backwards: {number} after {self.last}")
        self.last = number
        self.counts["reads"] += 1


def _asked(connection: duckdb.DuckDBPyConnection) -> Ask:
    return lambda query: connection.execute(query).fetchone() or ()


def by_link(reader: Reader) -> None:
    """Read like a BI tool that opens the file for each query."""
    at_least = reader.shared.published.value
    with duckdb.connect(reader.shared.link, read_only=True) as connection:
        reader.see(_asked(connection), at_least)


def by_product(reader: Reader) -> None:
    """Read like `wangjian sql` and the site."""
    at_least = reader.shared.published.value
    with open_published(DataRoot(reader.shared.root)) as connection:
        reader.see(_asked(connection), at_least)


def keeps_it_open(reader: Reader) -> None:
    """Read like an open notebook: its publication stays complete, also in tables that it reads after the file was removed."""
    at_least = reader.shared.published.value
    file = Path(reader.shared.link).resolve()
    with duckdb.connect(file, read_only=True) as connection:
        (number,) = _asked(connection)(TABLES["audit"])
        while file.exists() and reader.counts["reads"]:
            if reader.shared.done.wait(PAUSE_SECONDS):
                return
        reader.counts["outlived"] += not file.exists()
        reader.see(_asked(connection), at_least)
        if reader.last != number:
            reader.faults.append(f"changed: {number} became {reader.last} on one connection")


KINDS = (by_link, by_link, by_link, by_product, by_product, by_product, keeps_it_open, keeps_it_open)


def _read(shared: Shared, kind: Callable[[Reader], None]) -> None:
    Reader(shared).loop(kind)


def _read_from_pool(shared: Shared, threads: int) -> None:
    """Read like a BI server: threads share a pool of connections, which are reopened after a publication."""
    engine = engine_of(shared.link)

    def visit(reader: Reader) -> None:
        at_least = shared.published.value
        with engine.connect() as connection:
            reader.see(lambda query: tuple(connection.execute(sa.text(query)).one()), at_least)

    readers = [threading.Thread(target=Reader(shared).loop, args=(visit,)) for _ in range(threads)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    engine.dispose()


@contextmanager
def reading(root: Path, threads: int) -> Iterator[Shared]:
    """Let eight processes and one with a pool read until the block ends."""
    context = multiprocessing.get_context("forkserver")
    # One import serves nine processes.
    context.set_forkserver_preload([__name__])
    parties = len(KINDS) + threads
    shared = Shared(root, context.Barrier(parties + 1), context.Event(), context.Value("i", 1), context.Queue())
    processes = [context.Process(target=_read, args=(shared, kind)) for kind in KINDS]
    processes.append(context.Process(target=_read_from_pool, args=(shared, threads)))
    for process in processes:
        process.start()
    try:
        yield shared
    finally:
        shared.done.set()
        for process in processes:
            process.join(PATIENCE_SECONDS)


@pytest.mark.everyday
def test_readers_see_complete_and_current_publications(data: DataRoot, build: Callable[..., Any], labels: Path) -> None:
    build(rows=ROWS + 1, factor="1")
    publish(data, labels=labels)
    threads = 4
    with reading(data.root, threads) as shared:
        shared.ready.wait(PATIENCE_SECONDS)
        for number in range(2, PUBLICATIONS + 2):
            build(rows=ROWS + number, factor=str(number))
            assert publish(data, labels=labels).is_new
            shared.published.value = number
        shared.done.set()
        answers = [shared.answers.get(timeout=PATIENCE_SECONDS) for _ in range(len(KINDS) + threads)]
    assert [fault for _, faults in answers for fault in faults] == []
    counts = sum((found for found, _ in answers), Counter())
    assert min(found["reads"] for found, _ in answers) > 1, "every reader read during the publications"
    assert counts["outlived"] > 1, "files were removed while readers had them open"
    assert len(publications(data)) < PUBLICATIONS
