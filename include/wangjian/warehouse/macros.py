"""Render the project's SQL macros without dbt, so that Python code applies the same rules as the models."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jinja2
import yaml

from wangjian.core.paths import DBT_PROJECT

Macro = Callable[..., str]


_STRINGS = {"default": "varchar", "spark": "string"}


def rendered_macros(dialect: str = "default") -> Macro:
    """Return a function that renders the macros as dbt does.

    Args:
        dialect: `default` for DuckDB, or `spark`.

    Returns:
        The function: `macro("uscc_is_valid", "code")` returns SQL about the column `code`.
    """
    sources = [path.read_text(encoding="utf-8") for path in sorted((DBT_PROJECT / "macros").glob("*/*.sql"))]
    variables = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    context: dict[str, Any] = {
        "return": lambda value: value,
        "var": lambda name, default=None: variables.get(name, default),
        "dbt": SimpleNamespace(type_string=lambda: _STRINGS[dialect]),
        "adapter": SimpleNamespace(dispatch=lambda name, _: _variant(module, dialect, name)),
    }
    # S701: the output is SQL and not HTML, so escaping would damage it
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])  # noqa: S701
    module: Any = environment.from_string("\n".join(sources), globals=context).make_module()

    def render(name: str, *arguments: str) -> str:
        return str(getattr(module, name)(*arguments)).strip()

    return render


def _variant(module: Any, dialect: str, name: str) -> Any:
    return getattr(module, f"{dialect}__{name}", None) or getattr(module, f"default__{name}")
