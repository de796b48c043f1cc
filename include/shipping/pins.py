"""What the locks pin: packages with their hashes, where each holds, and who asked for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from wangjian.core.errors import WangjianError

PYTHONS = ("3.11", "3.12", "3.13")
LOCKS = ("runtime", "dev", "postgres", "server", "superset", "docs", "containers")
LOCKS_APART = ("spark", "bench")
"""Not in the bundle: Spark is half a gigabyte for those who have a cluster, and what the benchmark compares with is no part of the product."""
_FEWER_PYTHONS = {"superset": ("3.11", "3.12"), "server": ("3.11",)}
"""The images have Python 3.11. Superset 6.1 keeps to pandas 2.1 and numpy 1.26, which have no wheels for Python 3.13; it does not declare it either."""

_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
_ASKED_BY = re.compile(r"^\s*#\s+(?:via\s+)?(?P<name>[A-Za-z0-9][\w.-]*)(?:\s*\(.*\))?\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """One package as a lock pins it."""

    name: str
    version: str
    hashes: tuple[str, ...]
    asked_by: tuple[str, ...]
    marker: Marker | None = None

    def holds(self, python: str) -> bool:
        """Is it installed by some release of this Python (as in `3.12`) on Linux x86-64?"""
        # a marker may name a patch release: the first and a far one stand for all
        return self.marker is None or any(
            self.marker.evaluate(_environment(python, patch)) for patch in (f"{python}.0", f"{python}.99")
        )


def read_lock(path: Path) -> list[Pin]:
    """The pins of a lock file.

    Args:
        path: a file that `uv pip compile --generate-hashes` wrote.

    Returns:
        One pin for each entry; a package may have several, for different Pythons.

    Raises:
        WangjianError: an entry is no exact pin with hashes.
    """
    entries = re.split(r"^(?=[A-Za-z0-9])", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [_pin(path, entry) for entry in entries if entry[:1].isalnum()]


def pins_of(locks: Iterable[Path], python: str) -> list[Pin]:
    """What some locks install on one Python, each package version once."""
    found = {(pin.name, pin.version): pin for lock in locks for pin in read_lock(lock) if pin.holds(python)}
    return [found[key] for key in sorted(found)]


def pythons_of(lock: Path) -> tuple[str, ...]:
    """The Pythons on which a lock can be installed from wheels."""
    return _FEWER_PYTHONS.get(lock.stem, PYTHONS)


def lock_paths(project: Path, *, apart: bool = False) -> list[Path]:
    """The locks in the project that a bureau needs; `apart`: those, too, that are not in the bundle."""
    names = (*LOCKS, *LOCKS_APART) if apart else LOCKS
    return [project / "requirements" / f"{name}.lock" for name in names]


def _pin(path: Path, entry: str) -> Pin:
    head = entry.splitlines()[0].rstrip("\\ ")
    requirement = Requirement(head)
    hashes, specifiers = tuple(_HASH.findall(entry)), list(requirement.specifier)
    if not hashes or len(specifiers) != 1 or specifiers[0].operator != "==":
        raise WangjianError("no exact pin with hashes", file=path, entry=head, fix="run `make lock`")
    asked_by = tuple(sorted({str(canonicalize_name(found["name"])) for found in _ASKED_BY.finditer(entry)} - {"via"}))
    return Pin(canonicalize_name(requirement.name), specifiers[0].version, hashes, asked_by, requirement.marker)


def _environment(python: str, full: str) -> dict[str, str]:
    return {
        "implementation_name": "cpython",
        "implementation_version": full,
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": full,
        "python_version": python,
        "sys_platform": "linux",
    }
