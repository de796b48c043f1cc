"""Run the commands of a documentation page, and compare their output with the page.

A line with `$ ` is a command; the lines below it must be in its output. There `…` matches any text within the line, and any number of
blanks counts as one. A command may fail only where the page shows a line with ✘.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from wangjian.cli import main

_BLOCK = re.compile(r"(?:<!-- (?P<name>[\w ]+) -->\n)?```console\n(?P<body>.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """A command of a page, and the lines that its output must contain."""

    text: str
    expected: tuple[str, ...]

    @property
    def may_fail(self) -> bool:
        return any(line.lstrip().startswith("✘") for line in self.expected)


def blocks(page: Path) -> dict[str, list[Command]]:
    """Return the named console blocks of a page. A block without a name is refused, because no test would run it."""
    named: dict[str, list[Command]] = {}
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        assert block["name"], f"{page.name}: no test knows this block:\n{block['body']}"
        assert block["name"] not in named, f"{page.name}: two blocks are named {block['name']}"
        named[block["name"]] = list(_commands(block["body"]))
    return named


def _commands(body: str) -> list[Command]:
    steps = re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]
    return [
        Command(re.sub(r"\s{2,}#.*", "", line), tuple(output.splitlines()))
        for line, _, output in (s.partition("\n") for s in steps)
    ]


def run(command: Command, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a command of a page, or several joined by `&&`; compare the output with the page.

    Args:
        command: one of the commands of `blocks`.
        folder: the working directory.
        environment: the environment variables; `MNT` is the folder that replaces the page's /mnt.

    Returns:
        The output.
    """
    output, code = "", 0
    for part in command.text.replace("/mnt/", f"{environment['MNT']}/").split(" && "):
        text, code = _run(part, folder, environment)
        output += text
        if code:
            break
    # `wangjian health` also reports problems that another page is about
    if not command.text.startswith("wangjian health"):
        assert not code or command.may_fail, f"{command.text} ended with {code}:\n{output}"
        assert code or not command.may_fail, f"{command.text} should have failed:\n{output}"
    lines = [" ".join(text.split()) for text in output.splitlines()]
    for line in command.expected:
        pattern = ".*".join(map(re.escape, " ".join(line.split()).split("…")))
        assert any(re.fullmatch(pattern, text) for text in lines), f"{command.text}: no line {line!r} in\n{output}"
    return output


def _run(part: str, folder: Path, environment: Mapping[str, str]) -> tuple[str, int]:
    """Run a command; return output and exit code. Wangjian's own commands run in this process, which saves their import."""
    if not part.startswith("wangjian "):
        done = subprocess.run(
            ["bash", "-uc", part], cwd=folder, env={**environment}, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr, done.returncode
    out = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(out):
        patch.setattr(sys, "argv", shlex.split(part))
        patch.chdir(folder)
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            main()
        except SystemExit as end:
            return out.getvalue(), int(end.code or 0)
    return out.getvalue(), 0
