"""Disks that fill up or may not be written to: real ones, as the kernel lets root have them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOMY = "size=2g,nr_inodes=500000"
# to what is in use now: not one more block, and not one more file, whatever the rounding left. Another thread of the step may take
# more between the two commands: then there is no going down to what was in use
_FULL = """
until
    set -- "$0" $(df -B1 --output=used,iused "$0" | tail -1)
    mount -o remount,size=$2,nr_inodes=$3 "$1" 2> /dev/null
do sleep 0.01; done
for n in $(seq 1000); do (: > "$1/ballast-$n") 2> /dev/null || exit 0; done
exit 1
"""


def may_mount(folder: Path) -> bool:
    """Whether this process may mount anything."""
    try:
        with small_disk(folder):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own at `folder`, as long as the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", _ROOMY, "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def filling(disk: Path) -> list[str]:
    """The command that makes a small disk full from now on, whoever is writing to it."""
    return ["sh", "-c", _FULL, str(disk)]


def give_space(disk: Path) -> None:
    """Make room on a full disk."""
    for ballast in disk.glob("ballast-*"):
        ballast.unlink()
    _mount("-o", f"remount,{_ROOMY}", str(disk))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write to a file or below a folder, root neither, as long as the block runs."""
    if not folder.exists():
        folder.mkdir(parents=True)
    _mount("--bind", str(folder), str(folder))
    try:
        _mount("-o", "remount,ro,bind", str(folder))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)
