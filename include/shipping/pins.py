"""Read the locks: each pinned package with its hashes, the Pythons it is for, and the packages that need it."""

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
"""Locks that are not in the bundle: Spark is half a gigabyte that only a bureau with a cluster needs, and the tools that the benchmark
compares with are not part of the product."""
_FEWER_PYTHONS = {"superset": ("3.11", "3.12"), "server": ("3.11",)}
"""Locks that are not for every Python. The container images have Python 3.11. Superset 6.1 needs pandas 2.1 and numpy 1.26, which
have no wheels for Python 3.13; its own metadata does not say so."""

_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
# uv writes the packages that need a pin as comments below it: `# via NAME`, or `# via` and a list
_ASKED_BY = re.compile(r"^\s*#\s+(?:via\s+)?(?P<name>[A-Za-z0-9][\w.-]*)(?:\s*\(.*\))?\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """One entry of a lock: a package version with its hashes and the packages that need it."""

    name: str
    version: str
    hashes: tuple[str, ...]
    asked_by: tuple[str, ...]
    marker: Marker | None = None

    def holds(self, python: str) -> bool:
        """Return whether some patch release of a Python (such as `3.12`) on Linux x86-64 installs the package."""
        # a marker may name a patch release (python_full_version < '3.11.4'): the first and a very late one stand for all
        return self.marker is None or any(
            self.marker.evaluate(_environment(python, patch)) for patch in (f"{python}.0", f"{python}.99")
        )


def read_lock(path: Path) -> list[Pin]:
    """Return the pins of a lock file.

    Args:
        path: a file that `uv pip compile --generate-hashes` wrote.

    Returns:
        One pin for each entry; a package may have several entries, for different Pythons.

    Raises:
        WangjianError: an entry is not an exact pin with hashes.
    """
    entries = re.split(r"^(?=[A-Za-z0-9])", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [_pin(path, entry) for entry in entries if entry[:1].isalnum()]


def pins_of(locks: Iterable[Path], python: str) -> list[Pin]:
    """Return the pins that some locks install on one Python, each package version once."""
    pins = {(pin.name, pin.version): pin for lock in locks for pin in read_lock(lock) if pin.holds(python)}
    return [pins[key] for key in sorted(pins)]


def pythons_of(lock: Path) -> tuple[str, ...]:
    """Return the Pythons for which all packages of a lock have wheels."""
    return _FEWER_PYTHONS.get(lock.stem, PYTHONS)


def lock_paths(project: Path, *, apart: bool = False) -> list[Path]:
    """Return the paths of the locks in the bundle; with `apart`, also of those that are not in it."""
    names = (*LOCKS, *LOCKS_APART) if apart else LOCKS
    return [project / "requirements" / f"{name}.lock" for name in names]


def _pin(path: Path, entry: str) -> Pin:
    head = entry.splitlines()[0].rstrip("\\ ")
    requirement = Requirement(head)
    hashes, specifiers = tuple(_HASH.findall(entry)), list(requirement.specifier)
    # pip trusts a file by its hash alone: without one, a changed file on the index would go into the bundle
    if not hashes or len(specifiers) != 1 or specifiers[0].operator != "==":
        raise WangjianError(
            "an entry of the lock is not an exact pin with hashes", file=path, entry=head, fix="run `make lock`"
        )
    # `# via` alone opens a list; the pattern takes the word for a name
    asked_by = tuple(sorted({str(canonicalize_name(match["name"])) for match in _ASKED_BY.finditer(entry)} - {"via"}))
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
