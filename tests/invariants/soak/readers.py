"""BI readers that read without pause: each kind of tool in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from support.reconnecting import engine_of
from wangjian.core.paths import DataRoot
from wangjian.publishing import open_published

PAUSE_SECONDS = 0.5
PATIENCE_SECONDS = 60
QUERIES = (
    "select count(*), max(publication_id) from audit.publication",
    "select kpi_code, count(*), sum(value) from reports.rpt_kpi group by kpi_code",
    "select county.region_name, count(*) from marts.fct_lead inner join marts.dim_region as county using (region_code) group by all",
    "select count(*), count(distinct storefront_key) from marts.dim_storefront",
)
"""What a reader asks; the first one tells how new the publication is."""

Ask = Callable[[str], list[Any]]


@dataclass
class Readers:
    """The reading processes and their results."""

    processes: dict[str, Any]
    answers: Any
    done: Any
    reads: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def stop(self) -> None:
        """Stop the processes and collect their results."""
        self.done.set()
        for _ in self.processes:
            name, reads, failures = self.answers.get(timeout=PATIENCE_SECONDS)
            self.reads[name] += reads
            self.failures += [f"{name}: {failure}" for failure in failures]
        for process in self.processes.values():
            process.join(PATIENCE_SECONDS)


def _by_link(link: str) -> Iterator[Ask]:
    while True:
        with duckdb.connect(link, read_only=True) as connection:
            yield lambda query: connection.execute(query).fetchall()


def _by_product(link: str) -> Iterator[Ask]:
    data = DataRoot(Path(link).parents[1])
    while True:
        with open_published(data) as connection:
            yield lambda query: connection.execute(query).fetchall()


def _by_pool(link: str) -> Iterator[Ask]:
    engine = engine_of(link)
    while True:
        with engine.connect() as connection:
            yield lambda query: [tuple(row) for row in connection.execute(sa.text(query))]


KINDS = {"by link": _by_link, "as the product": _by_product, "from a pool": _by_pool}


def _read(name: str, link: str, done: Any, answers: Any) -> None:
    reads, failures, newest = 0, [], (0, "")
    visits = KINDS[name](link)
    while not done.wait(PAUSE_SECONDS):
        try:
            ask = next(visits)
            (seen,) = ask(QUERIES[0])
            if tuple(seen) < newest:
                failures.append(f"backwards: {seen} after {newest}")
            newest = tuple(seen)
            for query in QUERIES[1:]:
                assert ask(query), query
            reads += len(QUERIES)
        except Exception as error:
            failures.append(repr(error))
            visits = KINDS[name](link)
    answers.put((name, reads, failures))


@contextmanager
def reading(data: DataRoot) -> Iterator[Readers]:
    """Read the published file until the block ends.

    Args:
        data: the data root, which must have a publication.

    Yields:
        The processes.
    """
    context = multiprocessing.get_context("spawn")
    done, answers = context.Event(), context.Queue()
    link = os.fspath(data.published / "warehouse.duckdb")
    processes = {name: context.Process(target=_read, args=(name, link, done, answers)) for name in KINDS}
    for process in processes.values():
        process.start()
    readers = Readers(processes, answers, done)
    try:
        yield readers
    finally:
        done.set()
        for process in processes.values():
            process.join(PATIENCE_SECONDS)
