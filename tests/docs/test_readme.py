"""The two READMEs say the same: the same commands, figures, pictures and links."""

from __future__ import annotations

import re

from wangjian.core.paths import PROJECT_ROOT

ENGLISH, CHINESE = ((PROJECT_ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))


def _output(text: str) -> str:
    """What the demonstration prints at its end."""
    return text.split("```\n用时 time\n")[1].split("```", maxsplit=1)[0]


def _links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", text.split("\n```mermaid")[1])


def test_the_figures_are_the_same() -> None:
    assert _output(ENGLISH) == _output(CHINESE)
    assert len(re.findall("✔", _output(ENGLISH))) == 13


def test_the_two_commands_and_the_links_are_the_same() -> None:
    commands = re.compile(r"^make [a-z-]+ +#", re.MULTILINE)
    assert commands.findall(ENGLISH) == commands.findall(CHINESE) and len(commands.findall(ENGLISH)) == 2
    assert _links(ENGLISH) == _links(CHINESE)
    assert len(re.findall(r"^\d\. ", ENGLISH, re.MULTILINE)) == 5
