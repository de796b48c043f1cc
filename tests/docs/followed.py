"""Documents that a test follows as a developer would: the files that a page gives are written, its commands run, its answers compared.

A fenced block says by its kind what to do with it:

- `console`: each line after `$ ` is run in the shell; each line below it must occur in what the command prints. `…` stands for anything
  within the line. A command must fail where the page shows a line with ✘.
- `diff`: a unified diff of existing files. It must apply cleanly.
- any other kind, after a line that ends in a path between backticks and a colon: the content of a new file. Where that line begins
  with "Add to the end of", the block is appended to the file instead.
- no kind: for the reader. A line that begins with `export` is run before each command of the document.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from wangjian.core.paths import PROJECT_ROOT

BLOCK = re.compile(
    r"(?P<before>[^\n]*)\n\n(?P<fence>`{3,})(?P<kind>\w+)\n(?P<body>.*?)^(?P=fence)$", re.DOTALL | re.MULTILINE
)
_EXPORT = re.compile(r"^export \w+=.*$", re.MULTILINE)
_PATH = re.compile(r"`(?P<path>[\w.-]+/[^`\s]+)`:$")
_PATCHED = re.compile(r"^\+\+\+ b/(\S+)$", re.MULTILINE)
_LISTED = re.compile(r"^\| *`([^`]+)` *\|", re.MULTILINE)
_PARTS = ("dags", "dbt_project", "expectations", "include", "tests", "pyproject.toml")


def copy_project(folder: Path) -> Path:
    """Copy into `folder` what a developer's commands need of a clone, with the environment of this one; return `folder`."""
    unwanted = shutil.ignore_patterns("__pycache__", "target", "logs", "*.egg-info")
    for part in _PARTS:
        if (PROJECT_ROOT / part).is_dir():
            shutil.copytree(PROJECT_ROOT / part, folder / part, ignore=unwanted)
        else:
            shutil.copy(PROJECT_ROOT / part, folder / part)
    (folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return folder


def follow(clone: Path, text: str) -> int:
    """Do what a document says, block by block.

    Args:
        clone: a copy of the project (`copy_project`); it is changed.
        text: the document, in Markdown.

    Returns:
        How many lines of answers were compared.

    Raises:
        AssertionError: A command fails, an answer is missing, a diff does not apply, or the kind of a block is unknown.
    """
    exports = "\n".join(_EXPORT.findall(BLOCK.sub("", text)))
    return sum(_follow_block(clone, block, exports) for block in BLOCK.finditer(text))


def edit(clone: Path, text: str) -> None:
    """Write, extend and patch the files of a document without running its commands: a check of seconds.

    Raises:
        AssertionError: A diff does not apply, or the kind of a block is unknown.
    """
    for block in BLOCK.finditer(text):
        if block["kind"] != "console":
            _follow_block(clone, block, "")


def files_touched(text: str) -> set[str]:
    """Return the paths of all files that a document writes, extends or patches, relative to the clone."""
    paths: set[str] = set()
    for block in BLOCK.finditer(text):
        if block["kind"] == "diff":
            paths.update(_PATCHED.findall(block["body"]))
        elif block["kind"] != "console":
            paths.add(_path_before(block))
    return paths


def files_listed(text: str) -> set[str]:
    """Return the paths in the first column of the table below the heading "Files you touch"."""
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    return {path for section in sections if section.startswith("Files you touch") for path in _LISTED.findall(section)}


def check_files_listed(text: str) -> None:
    """Check that the table "Files you touch" of a document names exactly the files that its steps change.

    Raises:
        AssertionError: A path is only in the table or only in the steps.
    """
    listed, touched = files_listed(text), files_touched(text)
    assert listed, "the page has no table below a heading 'Files you touch'"
    assert listed == touched, f"only in the table: {listed - touched}; only in the steps: {touched - listed}"


def _follow_block(clone: Path, block: re.Match[str], exports: str) -> int:
    match block["kind"]:
        case "console":
            return _run_console(clone, block["body"], exports)
        case "diff":
            _apply(clone, block["body"])
        case _:
            _write(clone, block)
    return 0


def _run_console(clone: Path, body: str, exports: str) -> int:
    """Run the commands of a block; return how many answers were compared."""
    answers = 0
    for step in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, expected = step.partition("\n")
        lines = [line for line in expected.splitlines() if line.strip()]
        printed = _run(clone, command, exports, must_fail=any(line.lstrip().startswith("✘") for line in lines))
        for line in lines:
            pattern = ".*".join(map(re.escape, line.split("…")))
            assert re.search(pattern, printed), f"{command}\nno line {line!r} in\n{printed}"
        answers += len(lines)
    return answers


def _run(clone: Path, command: str, exports: str, *, must_fail: bool) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{exports}\n{command}"],
        cwd=clone,
        env={**os.environ, "PYTHONPATH": str(clone / "include")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.returncode != 0) == must_fail, f"{command}\nended with {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def _apply(clone: Path, diff: str) -> None:
    # without the ceiling, git would take paths from the root of a repository around the clone, and skip ours in silence
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(clone.parent)}
    command = ["git", "apply", "-"]
    done = subprocess.run(command, cwd=clone, env=environment, input=diff, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"the diff does not apply: {done.stderr}\n{diff}"


def _write(clone: Path, block: re.Match[str]) -> None:
    path = clone / _path_before(block)
    if block["before"].startswith("Add to the end of"):
        with path.open("a", encoding="utf-8") as file:
            file.write(block["body"])
        return
    assert not path.exists(), f"{path} exists: the page must give a diff, or say 'Add to the end of'"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block["body"], encoding="utf-8")


def _path_before(block: re.Match[str]) -> str:
    found = _PATH.search(block["before"])
    assert found, f"no line with a path and a colon says which file this is:\n{block[0]}"
    return found["path"]
