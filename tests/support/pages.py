"""Pages whose commands a test runs: what stands after `$ ` is done, what stands below it must be said.

In what must be said `…` stands for anything within the line, and any number of blanks for one. A command may end badly where the page shows a line with ✘.
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
    """A command of a page, and the lines that it must say."""

    text: str
    told: tuple[str, ...]

    @property
    def may_fail(self) -> bool:
        return any(line.lstrip().startswith("✘") for line in self.told)


def blocks(page: Path) -> dict[str, list[Command]]:
    """The named console blocks of a page; one without a name would be rehearsed by nobody, and is refused."""
    found: dict[str, list[Command]] = {}
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        assert block["name"], f"{page.name}: no test knows this block:\n{block['body']}"
        assert block["name"] not in found, f"{page.name}: {block['name']} stands there twice"
        found[block["name"]] = list(_commands(block["body"]))
    return found


def _commands(body: str) -> list[Command]:
    steps = re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]
    return [
        Command(re.sub(r"\s{2,}#.*", "", line), tuple(told.splitlines()))
        for line, _, told in (s.partition("\n") for s in steps)
    ]


def run(command: Command, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a command as the page has it, joined by `&&` or not; compare what it says.

    Args:
        command: of `blocks`.
        folder: where it is run.
        environment: variables for it; `MNT` is where the page's /mnt lies.

    Returns:
        What it said.
    """
    said, code = "", 0
    for part in command.text.replace("/mnt/", f"{environment['MNT']}/").split(" && "):
        text, code = _run(part, folder, environment)
        said += text
        if code:
            break
    # health also tells of what another page is about
    if not command.text.startswith("wangjian health"):
        assert not code or command.may_fail, f"{command.text} ended with {code}:\n{said}"
        assert code or not command.may_fail, f"{command.text} should have failed:\n{said}"
    lines = [" ".join(text.split()) for text in said.splitlines()]
    for line in command.told:
        pattern = ".*".join(map(re.escape, " ".join(line.split()).split("…")))
        assert any(re.fullmatch(pattern, text) for text in lines), f"{command.text}: no line {line!r} in\n{said}"
    return said


def _run(part: str, folder: Path, environment: Mapping[str, str]) -> tuple[str, int]:
    """Wangjian's own commands in this process, which has loaded it; others in a shell."""
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
