"""`python -m wangjian.cli.reference`: write the reference pages of commands and settings from the code.

`make reference` runs it, and a test fails if a page is out of date.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from wangjian.cli import cli
from wangjian.core.paths import PROJECT_ROOT
from wangjian.core.settings import Settings, variable_of

FOLDER = PROJECT_ROOT / "docs" / "reference"
MADE = "<!-- Made by `make reference`. Do not edit: change the code. -->"
WIDTH = 100
"""Help texts are wrapped to this width, not to the terminal's: every machine must write the same page."""

EXIT_CODES = """| exit code | meaning |
|---|---|
| 0 | The command did its work, or had nothing to do. |
| 1 | The command failed. The message says what happened, where, and what to do. |
| 2 | The arguments or the configuration are wrong. Nothing was done. |
| 3 | Checks stopped the publication, or it waits for approval. Readers keep the last one. |"""


def pages() -> dict[Path, str]:
    """Return the generated pages: path and text."""
    return {FOLDER / "cli.md": _cli(), FOLDER / "environment.md": _environment()}


def _environment() -> str:
    rows = (
        f"| `{variable_of(name)}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    )
    head = f"{MADE}\n# Environment variables 环境变量\n\nAn empty variable counts as one that is not set.\n"
    return "\n".join([head, "| variable | default | meaning |", "|---|---|---|", *rows, ""])


def _default(value: object) -> str:
    return "" if value is None else f"`{value}`"


def _cli() -> str:
    head = f"{MADE}\n# The command `wangjian` 命令行\n\n{EXIT_CODES}\n"
    return "\n".join([head, *_commands(cli, ("wangjian",))])


def _commands(command: click.Command, names: tuple[str, ...]) -> Iterator[str]:
    context = click.Context(command, info_name=" ".join(names), max_content_width=WIDTH, terminal_width=WIDTH)
    yield f"## {' '.join(names)}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (child := command.get_command(context, name)) and not child.hidden:
                yield from _commands(child, (*names, name))


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
