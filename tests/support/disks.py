"""Make real full and read-only disks with the kernel's means, which need root."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOMY = "size=2g,nr_inodes=500000"
# shrink the disk to its present use, so that not one more block or file fits. Between the two commands another thread of the step may
# use more space; then the kernel refuses to shrink, and the loop tries again. The ballast files use up what rounding left
_FULL = """
until
    set -- "$0" $(df -B1 --output=used,iused "$0" | tail -1)
    mount -o remount,size=$2,nr_inodes=$3 "$1" 2> /dev/null
do sleep 0.01; done
for n in $(seq 1000); do (: > "$1/ballast-$n") 2> /dev/null || exit 0; done
exit 1
"""


def may_mount(folder: Path) -> bool:
    """Return whether this process is allowed to mount file systems."""
    try:
        with small_disk(folder):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a separate file system at `folder` until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", _ROOMY, "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def filling(disk: Path) -> list[str]:
    """Return the command that fills a small disk, so that every process's writes fail."""
    return ["sh", "-c", _FULL, str(disk)]


def give_space(disk: Path) -> None:
    """Make room on a full disk."""
    for ballast in disk.glob("ballast-*"):
        ballast.unlink()
    _mount("-o", f"remount,{_ROOMY}", str(disk))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make a file or folder read-only until the block ends, even for root."""
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
