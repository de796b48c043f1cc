"""Make stand-ins for the public images where no registry is available: Debian's packages on a base from debootstrap."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from support.containers.engine import Engine

HERE = Path(__file__).parent / "standins"
PACKAGES = "ca-certificates,python3,python3-venv,postgresql,redis-server,nginx-light,tzdata"
IMAGES = {name: f"standin-{name}" for name in ("python", "nginx", "postgres", "redis")}
_BASE = "debian-with-packages"


def make_standins(engine: Engine, cache: Path) -> dict[str, str]:
    """Make the images.

    Args:
        engine: where.
        cache: the base is kept here.

    Returns:
        The settings of `.env` that name them.
    """
    if not engine.docker("images", "-q", _BASE):
        engine.docker("import", str(_base(cache)), _BASE)
    for target, tag in IMAGES.items():
        engine.docker("build", "--quiet", "--network", "none", "--target", target, "--tag", tag, str(HERE))
    return {f"{name.upper()}_IMAGE": tag for name, tag in IMAGES.items()}


def _base(cache: Path) -> Path:
    archive = cache / "debian.tar"
    if not archive.exists():
        folder, temporary = cache / "debian", cache / "debian.tar.new"
        subprocess.run(["rm", "-rf", str(folder)], check=True)
        release = os.environ.get("COMPOSE_DEBIAN", "bookworm")
        _run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", release, str(folder))
        _run("tar", "-C", str(folder), "--exclude=./dev/*", "--exclude=./var/cache/apt/*", "-cf", str(temporary), ".")
        subprocess.run(["rm", "-rf", str(folder)], check=True)
        temporary.replace(archive)
    return archive


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
