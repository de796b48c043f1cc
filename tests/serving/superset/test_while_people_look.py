"""Publish while people read dashboards: no chart fails, and the next refresh shows the new publication."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count, cycle
from pathlib import Path

import pytest

from serving.superset.conftest import Publish, Superset

pytestmark = [pytest.mark.slow, pytest.mark.world("superset", minutes=3)]

READERS = 3
FIRST_VALUE = 1000
PUBLICATIONS = 50 if os.environ.get("PROOF") == "full" else 3


@pytest.mark.timeout(1800)
def test_no_chart_fails_and_the_next_refresh_shows_the_new_publication(
    superset: Superset, chart_ids: dict[str, int], dataset_ids: dict[str, int], publish_another: Publish
) -> None:
    figure = {
        "columns": ["warehouse_value"],
        "metrics": None,
        "filters": [{"col": "figure_name", "op": "==", "val": "立案"}],
    }
    with _reading(superset, chart_ids) as (answers, failures):
        for value in _until_every_chart_was_read(answers, set(chart_ids)):
            publish_another(value)
            # ask at once, while the queries of the other readers overlap without a pause
            rows = superset.admin.rows(dataset_ids["published_figures"], **figure)
            assert rows == [{"warehouse_value": float(value)}]
            assert not failures
    assert failures == []
    print(f"{value - FIRST_VALUE + 1} publications, {sum(answers.values())} charts answered, {len(failures)} failed")


def _until_every_chart_was_read(answers: Counter[str], names: set[str]) -> Iterator[int]:
    """Yield a value for each publication: `PUBLICATIONS` of them, or more until every chart was read at least once."""
    for value in count(FIRST_VALUE):
        if value >= FIRST_VALUE + PUBLICATIONS and names <= set(answers):
            return
        yield value


@contextmanager
def _reading(superset: Superset, chart_ids: dict[str, int]) -> Iterator[tuple[Counter[str], list[str]]]:
    """Let several people read chart after chart; yield the counts of answers and the failures."""
    answers: Counter[str] = Counter()
    failures: list[str] = []
    done = threading.Event()

    def read(first: int) -> None:
        person = superset.person("admin", superset.password)
        names = [*chart_ids][first:] + [*chart_ids][:first]
        for name in cycle(names):
            if done.is_set():
                return
            answer = person.chart_data(chart_ids[name], force="true")
            if answer.status_code == 200:
                answers[name] += 1
            else:
                failures.append(f"{name}: {answer.status_code} {answer.text}")

    threads = [threading.Thread(target=read, args=(number * len(chart_ids) // READERS,)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield answers, failures
    finally:
        done.set()
        for thread in threads:
            thread.join(120)


def test_a_publication_is_gone_at_once_after_a_rollback(
    superset: Superset, dataset_ids: dict[str, int], publish_another: Publish
) -> None:
    from wangjian.publishing import rollback

    figure = {"columns": ["publication_id"], "metrics": None}
    publish_another(7)
    newest = {row["publication_id"] for row in superset.admin.rows(dataset_ids["publications"], **figure)}
    rollback(superset.data)
    earlier = {row["publication_id"] for row in superset.admin.rows(dataset_ids["publications"], **figure)}
    assert len(newest - earlier) == 1


def test_no_file_is_held_open(superset: Superset, dataset_ids: dict[str, int]) -> None:
    superset.admin.rows(dataset_ids["publications"], columns=["publication_id"], metrics=None)
    assert _files_open_in(str(superset.data.published)) == []


def _files_open_in(folder: str) -> list[str]:
    paths = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            # the process has ended, or belongs to another account
            with suppress(OSError):
                paths += [str(entry.readlink()) for entry in (process / "fd").iterdir()]
    return [path for path in paths if path.startswith(folder)]
