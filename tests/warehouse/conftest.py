"""The project's SQL macros, rendered as dbt renders them for DuckDB."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import pytest
import yaml

from wangjian import hosts
from wangjian.paths import DBT_PROJECT

Macro = Callable[..., str]


@pytest.fixture(scope="session")
def macro() -> Macro:
    """Render a macro: `macro("uscc_is_valid", "code")` gives SQL over the column `code`."""
    sources = [path.read_text(encoding="utf-8") for path in sorted((DBT_PROJECT / "macros").glob("*/*.sql"))]
    variables = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    context: dict[str, Any] = {
        "return": lambda value: value,
        "var": lambda name, default=None: variables.get(name, default),
        "dbt": SimpleNamespace(type_string=lambda: "varchar"),
        "adapter": SimpleNamespace(dispatch=lambda name, _: getattr(module, f"default__{name}")),
    }
    module = environment.from_string("\n".join(sources), globals=context).make_module()

    def render(name: str, *arguments: str) -> str:
        return str(getattr(module, name)(*arguments)).strip()

    return render


@pytest.fixture(scope="session")
def evaluate(macro: Macro) -> Callable[..., Any]:
    """What a macro gives for each of some texts, in their order."""
    connection = duckdb.connect()
    hosts.register(connection)

    def run(name: str, texts: list[str | None]) -> list[Any]:
        sql = f"select {macro(name, 'given.text')} from unnest($1::varchar[]) with ordinality as given (text, place) order by place"
        return [value for (value,) in connection.execute(sql, [texts]).fetchall()]

    return run
