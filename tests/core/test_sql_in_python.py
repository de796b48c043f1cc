"""SQL in Python: a line that begins with `#` is no comment there, and fails only when the statement runs."""

from __future__ import annotations

import ast
from pathlib import Path

from wangjian.core.paths import PROJECT_ROOT


def _sql_texts(path: Path) -> list[tuple[int, str]]:
    strings = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return [
        (node.lineno, str(node.value)) for node in strings if "select " in str(node.value) and "\n" in str(node.value)
    ]


def test_no_line_of_an_sql_text_is_a_python_comment() -> None:
    texts = [
        (path, line, text)
        for path in sorted((PROJECT_ROOT / "include").rglob("*.py"))
        for line, text in _sql_texts(path)
    ]
    assert len(texts) > 30
    wrong = [
        f"{path.relative_to(PROJECT_ROOT)}:{line}"
        for path, line, text in texts
        if any(part.lstrip().startswith("# ") for part in text.splitlines())
    ]
    assert wrong == []
