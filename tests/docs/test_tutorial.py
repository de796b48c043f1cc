"""The tutorial as a newcomer does it: its files written, its commands run, its answers compared, in a fresh copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wangjian.core.paths import PROJECT_ROOT

pytestmark = [pytest.mark.slow, pytest.mark.world("tutorial", minutes=1)]

TEXT = (PROJECT_ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n```(?P<kind>\w+)\n(?P<body>.*?)```", re.DOTALL)
FOLDERS = ("dbt_project", "expectations", "include")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a command needs of a clone, with the environment of this one."""
    unwanted = shutil.ignore_patterns("__pycache__", "target", "logs", "*.egg-info")
    for folder in FOLDERS:
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder, ignore=unwanted)
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return tmp_path


def run(clone: Path, command: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(clone / "include"), "WANGJIAN_DATA": str(clone / "data-tutorial")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def follow(clone: Path, block: re.Match[str]) -> int:
    """Do what a block says; how many answers were compared."""
    path = re.search(r"`(dbt_project/[^`]+)`:$", block["before"])
    match block["kind"]:
        case "console":
            answers = 0
            for step in re.split(r"^\$ ", block["body"], flags=re.MULTILINE)[1:]:
                command, _, told = step.partition("\n")
                found = run(clone, command)
                for line in told.splitlines():
                    assert line in found, command
                    answers += 1
            return answers
        case "diff":
            subprocess.run(["git", "apply", "-"], cwd=clone, input=block["body"], text=True, check=True)
        case "sql" if path:
            (clone / path[1]).write_text(block["body"], encoding="utf-8")
        case "text" if path:
            with (clone / path[1]).open("a", encoding="utf-8") as seed:
                seed.write(block["body"])
        case _:
            raise AssertionError(f"nobody knows what to do with {block[0]}")
    return 0


def test_a_newcomer_gets_there(clone: Path) -> None:
    blocks = list(BLOCK.finditer(TEXT))
    assert [block["kind"] for block in blocks].count("console") == 5
    answers = sum(follow(clone, block) for block in blocks)
    assert answers >= 5
    site = clone / "data-tutorial" / "docs" / "site"
    assert "三日核查率" in (site / "counties.html").read_text(encoding="utf-8")
    assert "Verified within three working days" in (site / "en" / "counties.html").read_text(encoding="utf-8")
