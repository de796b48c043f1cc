"""The fast path for uniform JSON pages gives the same rows as the general path, and leaves all other pages to it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.landed import land, ledger, page, raw_rows
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing import parse
from wangjian.ingestion.parsing.formats import page_reader
from wangjian.ingestion.sources.registry import get_source

DAY = "2023-01-02"
TASK: dict[str, Any] = {"task_no": "T1", "task_type": "ROUTINE", "task_name": "网剑", "issued_by_org": "360700"}
TASK |= {"starts_on": DAY, "ends_on": None, "updated_at": DAY}
OTHER = TASK | {"task_no": "T2", "task_name": "春风"}
USUAL = page("monitoring_tasks", DAY, [TASK, OTHER])


def _parsed(files: dict[str, bytes], *, at_once: bool) -> tuple[object, int]:
    """Return rows and ledger, and the number of pages that took the general path."""
    looks = []
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        data, closer = DataRoot(Path(folder)), page_reader.read_any
        patch.setattr(page_reader, "read_any", lambda *given: looks.append(given) or closer(*given))
        if not at_once:
            patch.setattr(page_reader, "read_uniform", lambda *_: None)
        land(data, "five_level", "monitoring_tasks", DAY, files)
        parse(get_source("five_level"), data)
        entries = ledger(data, "five_level", "monitoring_tasks")
        is_parsed = any(entry[2] == "parsed" for entry in entries)
        return (raw_rows(data, "five_level", "monitoring_tasks") if is_parsed else [], entries), len(looks)


def test_uniform_pages_take_the_fast_path() -> None:
    files = {"p1": USUAL, "p2": page("monitoring_tasks", DAY, []), "p3": USUAL}
    parsed, looks = _parsed(files, at_once=True)
    assert looks == 0
    assert parsed == _parsed(files, at_once=False)[0]
    rows, entries = parsed
    assert len(rows) == 4 and [entry[4] for entry in entries] == [2, 0, 2]


UNUSUAL = {
    "order of fields": page("monitoring_tasks", DAY, [TASK, dict(reversed(TASK.items()))]),
    "field missing": page("monitoring_tasks", DAY, [TASK, {k: v for k, v in OTHER.items() if k != "ends_on"}]),
    "field renamed": page("monitoring_tasks", DAY, [TASK, {k.replace("ends", "end"): v for k, v in OTHER.items()}]),
    "field unknown": page("monitoring_tasks", DAY, [TASK | {"x": 1}, OTHER | {"x": 2}]),
    "row twice": page("monitoring_tasks", DAY, [TASK, OTHER, TASK]),
    "no record": page("monitoring_tasks", DAY, [TASK, None]),  # type: ignore[list-item]
    "second document": USUAL + USUAL,
    "second document without rows": USUAL + page("monitoring_tasks", DAY, []),
    "second document without records": USUAL + b'{"x":[]}',
    "another date": page("monitoring_tasks", "2023-01-03", [TASK]),
    "no total": USUAL.replace(b'"total": 2', b'"total": null'),
    "total twice": USUAL.replace(b'"total": 2', b'"total": 2, "total": 2'),
    "records first": json.dumps(dict(reversed(json.loads(USUAL).items()))).encode(),
    "required field gone": page("monitoring_tasks", DAY, [{"task_name": "网剑"}]),
}


@pytest.mark.parametrize("what", UNUSUAL)
def test_unusual_pages_take_the_general_path(what: str) -> None:
    files = {"p1": USUAL, "p2": UNUSUAL[what]}
    parsed, looks = _parsed(files, at_once=True)
    assert looks > 0
    assert parsed == _parsed(files, at_once=False)[0]


VALUES = st.one_of(st.none(), st.text(max_size=6), st.sampled_from(["", " ", "\u3000网\u00a0", "a\tb", '"', "\\"]), st.integers(), st.floats(), st.booleans(), st.lists(st.text(max_size=2), max_size=2), st.dictionaries(st.text(max_size=2), st.integers(), max_size=2))  # fmt: skip


@given(st.lists(st.lists(VALUES, min_size=len(TASK), max_size=len(TASK)), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_values_are_the_same_both_ways(rows: list[list[Any]]) -> None:
    records: list[dict[str, object]] = [dict(zip(TASK, row, strict=True)) for row in rows]
    files = {"p1": page("monitoring_tasks", DAY, records)} if _is_text(records) else {"p1": USUAL}
    assert _parsed(files, at_once=True)[0] == _parsed(files, at_once=False)[0]


def _is_text(records: object) -> bool:
    """Return whether a text has no half of a surrogate pair, which is no character and cannot be in a page."""
    try:
        json.dumps(records, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
