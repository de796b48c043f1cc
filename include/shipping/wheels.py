"""Gather wheels for Linux x86-64 of everything that the locks pin, for every Python: fetched by hash, or built from source."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

from shipping.pins import PYTHONS, Pin, pins_of, pythons_of
from wangjian.core.errors import WangjianError
from wangjian.core.files import sha256_of, write_atomically

GLIBC = 28
"""The oldest C library that the bundle supports: 2.28, of Debian 10, RHEL 8, openEuler 20.03 and Kylin V10."""

ONLY_SOURCE = frozenset({"odfpy", "wtforms-json"})
"""Packages without a wheel on the index. They are plain Python: one wheel that is built here works on every Python."""

# all tags that a machine with this C library accepts
_PLATFORMS = [
    *(f"manylinux_2_{minor}_x86_64" for minor in range(GLIBC, 4, -1)),
    "manylinux2014_x86_64",
    "manylinux2010_x86_64",
    "manylinux1_x86_64",
    "linux_x86_64",
]


@dataclass(frozen=True)
class Wheel:
    """A wheel of the bundle.

    Attributes:
        source: the archive from which it was built, if the index had no wheel.
    """

    path: Path
    sha256: str
    source: str | None = None

    @property
    def name(self) -> str:
        """Return the normalised name of the package."""
        return str(parse_wheel_filename(self.path.name)[0])

    @property
    def version(self) -> str:
        """Return the version of the package."""
        return str(parse_wheel_filename(self.path.name)[1])


def gather(locks: Sequence[Path], pool: Path, epoch: int) -> list[Wheel]:
    """Return the wheels of all locks; fetch or build those that are missing.

    Args:
        locks: lock files.
        pool: the folder that keeps the files between bundles; files that are in it are not fetched again.
        epoch: the time (seconds since 1970) written into wheels built here, so that each build gives the same bytes.

    Returns:
        The wheels, in the order of their file names.

    Raises:
        WangjianError: a package could not be fetched or built, or its wheel works only on the machine that built it.
    """
    pool.mkdir(parents=True, exist_ok=True)
    known = _Known(pool)
    for python in PYTHONS:
        for lock in locks:
            # lock by lock: two locks may pin different versions of a package, and one call of pip takes only one
            known.fetch(_installed(lock, python), python)
    wanted = {known.file(pin, python) for python in PYTHONS for lock in locks for pin in _installed(lock, python)}
    wheels = [_wheel(path, pool, epoch) for path in wanted]
    return sorted(wheels, key=lambda wheel: wheel.path.name)


def _installed(lock: Path, python: str) -> list[Pin]:
    return pins_of([lock], python) if python in pythons_of(lock) else []


class _Known:
    """The file that the index gave for each pin and Python.

    The answer is kept, so that another bundle of the same locks holds the same files and needs no index.
    """

    def __init__(self, pool: Path) -> None:
        self._pool, self._index = pool, pool / "index.json"
        self._files: dict[str, str] = json.loads(self._index.read_text()) if self._index.exists() else {}

    def file(self, pin: Pin, python: str) -> Path:
        """Return the path of the file for a pin on a Python."""
        return self._pool / self._files[_key(pin, python)]

    def fetch(self, pins: Sequence[Pin], python: str) -> None:
        """Download the files of those pins that are missing or damaged."""
        for missing in _one_of_a_name([pin for pin in pins if not self._has(pin, python)]):
            with tempfile.TemporaryDirectory(dir=self._pool) as folder:
                _download(missing, python, Path(folder))
                self._take(missing, python, Path(folder))
            # after each round: when the network breaks off, the next attempt continues from here
            write_atomically(self._index, json.dumps(self._files, indent=1, sort_keys=True))

    def _has(self, pin: Pin, python: str) -> bool:
        name = self._files.get(_key(pin, python))
        # the file may be damaged since the last bundle, and a new lock may have another hash for the same version
        path = self._pool / (name or "?")
        return path.exists() and f"sha256:{sha256_of(path)}" in pin.hashes

    def _take(self, pins: Sequence[Pin], python: str, folder: Path) -> None:
        downloaded = {_name_and_version(path): path for path in folder.iterdir()}
        for pin in pins:
            path = downloaded[pin.name, pin.version]
            self._files[_key(pin, python)] = path.name
            path.replace(self._pool / path.name)


def _one_of_a_name(pins: Sequence[Pin]) -> list[list[Pin]]:
    """Return the pins in rounds, no package twice in a round.

    A lock may pin several versions of a package, for different patch releases of one Python; one call of pip takes one version.
    """
    rounds: list[dict[str, Pin]] = []
    for pin in pins:
        free = next((one for one in rounds if pin.name not in one), None)
        if free is None:
            rounds.append(free := {})
        free[pin.name] = pin
    return [list(one.values()) for one in rounds]


def _key(pin: Pin, python: str) -> str:
    return f"{python} {pin.name}=={pin.version}"


def _name_and_version(path: Path) -> tuple[str, str]:
    if path.suffix == ".whl":
        name, version, *_ = parse_wheel_filename(path.name)
    else:
        name, version = parse_sdist_filename(path.name)
    return canonicalize_name(name), str(version)


def _download(pins: Sequence[Pin], python: str, folder: Path) -> None:
    requirements = folder.with_suffix(".txt")
    # pip evaluates markers for the Python that it runs on, not for the one asked for: `Pin.holds` did it, so no marker is written
    lines = [" ".join([f"{pin.name}=={pin.version}", *(f"--hash={one}" for one in pin.hashes)]) for pin in pins]
    requirements.write_text("\n".join(lines))
    command = ["download", "--no-deps", "--require-hashes", "--dest", str(folder), "--requirement", str(requirements)]
    platforms = [option for platform in _PLATFORMS for option in ("--platform", platform)]
    try:
        # `make lock` checked which Pythons a package supports; pip would check the first patch release and refuse some packages
        target = ["--python-version", python, "--implementation", "cp", "--ignore-requires-python", *platforms]
        source = ["--only-binary", ":all:", "--no-binary", ",".join(sorted(ONLY_SOURCE)), "--no-build-isolation"]
        _pip([*command, *target, *source], f"Python {python}")
    finally:
        requirements.unlink()


def _wheel(path: Path, pool: Path, epoch: int) -> Wheel:
    if path.suffix == ".whl":
        return Wheel(path, sha256_of(path))
    built = _built(path, pool / "built" / f"{sha256_of(path)[:16]}-{epoch}", epoch)
    if not built.name.endswith("-none-any.whl"):
        fix = "use a package that has wheels, or make the bundle on a machine for each Python"
        raise WangjianError("a wheel built here works only with this machine's Python", file=built.name, fix=fix)
    return Wheel(built, sha256_of(built), source=path.name)


def _built(source: Path, folder: Path, epoch: int) -> Path:
    """Return the wheel of a source archive; build it if needed, with the locked setuptools and without a network."""
    if not (wheels := list(folder.glob("*.whl"))):
        command = ["wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
        _pip(command, source.name, SOURCE_DATE_EPOCH=str(epoch))
        wheels = list(folder.glob("*.whl"))
    return wheels[0]


def _pip(arguments: Sequence[str], what: str, **environment: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    # a wheel stores the rights of its files: without a fixed umask they, and its hash, would depend on the person who builds it
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | environment, umask=0o022
    )
    if done.returncode:
        messages = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("WARNING"))
        fix = "check that the package index is available and that the package has wheels for this Python"
        raise WangjianError(f"pip could not {arguments[0]}: {messages}", of=what, fix=fix)
