"""Every error says what the reader can do: no error of ours is raised without `fix`."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from wangjian.core import errors
from wangjian.core.paths import PROJECT_ROOT

KINDS = {
    name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, errors.WangjianError)
}


def _without_fix(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return [
        f"{path.relative_to(PROJECT_ROOT)}:{call.lineno}"
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id in KINDS
        and "fix" not in {keyword.arg for keyword in call.keywords}
    ]


def test_no_error_is_raised_without_saying_what_to_do() -> None:
    paths = sorted((PROJECT_ROOT / "include").rglob("*.py"))
    assert len(paths) > 200
    assert [place for path in paths for place in _without_fix(path)] == []
