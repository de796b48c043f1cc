"""The threat model keeps its word: each threat names a test, and each test that it names is there."""

from __future__ import annotations

import ast
import re

from wangjian.core.paths import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "explanation" / "security.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
# what the model must speak of
SUBJECTS = (
    "SSRF", "path traversal", "zip bomb", "entities", "SQL", "Jinja", "host key", "links", "pipes", "drips", "packed",
    "formulas", "escape sequences", "Superset", "Airflow", "drop folder", "site", "report of the checks", "chat robot", "secrets",
)  # fmt: skip


def threats() -> dict[str, list[tuple[str, str]]]:
    """The tests by threat, of the section of threats."""
    section = PAGE.read_text(encoding="utf-8").split("\n## Threats\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return {threat.strip(): TEST.findall(tests) for threat, _, tests in rows if threat.strip() != "threat"}


def test_each_threat_has_a_test() -> None:
    found = threats()
    assert len(found) > 50
    assert [threat for threat, tests in found.items() if not tests] == []


def test_each_test_that_is_named_is_there() -> None:
    there: dict[str, set[str]] = {}
    for path in {path for tests in threats().values() for path, _ in tests}:
        tree = ast.parse((PROJECT_ROOT / path).read_text(encoding="utf-8"))
        there[path] = {item.name for item in tree.body if isinstance(item, ast.FunctionDef)}
    assert [f"{path}::{name}" for tests in threats().values() for path, name in tests if name not in there[path]] == []


def test_every_attack_that_is_tried_is_told_of() -> None:
    named = {name for tests in threats().values() for _, name in tests}
    tried = {
        item.name
        for path in (PROJECT_ROOT / "tests" / "invariants" / "attacks").glob("test_*.py")
        for item in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(item, ast.FunctionDef) and item.name.startswith("test_")
    }
    assert tried, "the folder of attacks has tests"
    # what must go well beside the attacks
    sound = {name for name in tried if "_sound_" in name} | {
        "test_a_compressed_page_is_landed_uncompressed", "test_damaged_compressed_bytes_are_refused", "test_an_invalid_list_is_refused",
    }  # fmt: skip
    assert tried - named - sound == set()


def test_no_subject_is_left_out() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [subject for subject in SUBJECTS if subject not in text] == []
