"""Run Superset on this machine over the published file."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from wangjian.core.errors import WangjianError
from wangjian.core.files import write_atomically
from wangjian.core.locks import exclusive_lock
from wangjian.core.paths import PROJECT_ROOT, DataRoot
from wangjian.publishing import load_labels, open_published
from wangjian.publishing.reading import LINK
from wangjian.serving.superset.bundle import make_bundle
from wangjian.serving.superset.description import SUPERSET, load_description

ENVIRONMENT = PROJECT_ROOT / ".venv-superset"
START_SECONDS = 180
# one process: Superset's metadata is in SQLite, where several processes would wait for each other (decisions/superset.md)
_WORKERS = ("--worker-class", "gthread", "--threads", "16", "--timeout", "120", "--no-control-socket")


@dataclass(frozen=True)
class Server:
    """A running Superset server.

    Attributes:
        address: the address, `http://127.0.0.1:<port>`.
        home: the folder of Superset's own data: metadata, secret key, password, imported files.
        process: the server process, which answers requests.
    """

    address: str
    home: Path
    process: subprocess.Popen[bytes]

    @property
    def password(self) -> str:
        """Return the administrator's password."""
        return (self.home / "admin_password").read_text()


@contextmanager
def running(data: DataRoot, port: int = 0) -> Iterator[Server]:
    """Bring Superset up to date and run it as long as the `with` block runs.

    Args:
        data: the data root; Superset keeps its own data in `superset/` in it.
        port: the port on 127.0.0.1; the system picks one if 0.

    Yields:
        The server, once it answers.

    Raises:
        WangjianError: nothing is published, Superset is not installed, the port is taken, or Superset does not start.
        BadArguments: the description does not fit the published file.
        Busy: another Superset runs over the same data.
    """
    home = data.root / "superset"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive_lock(home / "lock", doing="start Superset", wait=False):
        # under the lock: two starts at once would import into one metadata database
        prepare(data, home)
        with _listening(port) as listener:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            process = _serve(home, listener)
            try:
                _wait_until_healthy(process, address, home)
                yield Server(address, home, process)
            finally:
                _stop(process)


def prepare(data: DataRoot, home: Path) -> None:
    """Make the secrets and the files of the import; import the files if they differ from the last import.

    The stamp is written last: an import that was interrupted runs again at the next start.
    """
    for name in ("secret_key", "admin_password"):
        _make_secret(home / name)
    stamp, loaded = write_assets(data, home), home / "loaded"
    if loaded.exists() and loaded.read_text() == stamp:
        return
    _load(home)
    write_atomically(loaded, stamp)


def write_assets(data: DataRoot, home: Path) -> str:
    """Write the files of the import into `assets/`, if they differ from what is stored there.

    Args:
        data: the data root.
        home: the folder of Superset's own data.

    Returns:
        The stamp of the files, which is also stored in `assets.stamp`: it changes with everything that the import depends on.

    Raises:
        WangjianError: nothing is published.
        BadArguments: the description does not fit the published file.
    """
    with open_published(data) as published:
        files = make_bundle(load_description(), load_labels(), published, data.published / LINK)
    stamp, written = _stamp(files), home / "assets.stamp"
    if not written.exists() or written.read_text() != stamp:
        _write(home / "assets", files)
        write_atomically(written, stamp)
    return stamp


def _make_secret(path: Path) -> None:
    if not path.exists():
        # set the mode before the content and rename at the end: nobody else can read it, and a crash leaves no half secret
        temporary = path.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        temporary.touch(mode=0o600)
        temporary.write_text(secrets.token_urlsafe(48 if path.name == "secret_key" else 15))
        temporary.replace(path)


def _stamp(files: Mapping[str, str]) -> str:
    """Return a hash of everything that the import depends on: the files, the loader, the configuration, the versions."""
    digest = hashlib.sha256()
    for path in (
        SUPERSET / "load.py",
        SUPERSET / "superset_config.py",
        PROJECT_ROOT / "requirements" / "superset.lock",
    ):
        digest.update(path.read_bytes())
    for name, text in sorted(files.items()):
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()


def _write(folder: Path, files: Mapping[str, str]) -> None:
    # a file that the description no longer has must not be imported again
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _load(home: Path) -> None:
    command = [str(_program("python")), str(SUPERSET / "load.py")]
    log = home / "load.log"
    with log.open("wb") as output:
        ended = subprocess.run(command, env=_environment(home), stdout=output, stderr=output, check=False)
    if ended.returncode:
        # the last line of a traceback names the error; the rest is in the log
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        fix = "read the log, correct the cause, start again: the import then runs again"
        raise WangjianError(f"the import into Superset failed: {''.join(last)}", log=log, fix=fix)


def _program(name: str) -> Path:
    program = ENVIRONMENT / "bin" / name
    if not program.exists():
        raise WangjianError("Superset is not installed", folder=ENVIRONMENT, fix="run `make superset-install`")
    return program


def _environment(home: Path) -> dict[str, str]:
    # Superset has its own environment; with ours, its interpreter would import our packages instead of its own
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return inherited | {
        "WANGJIAN_SUPERSET_HOME": str(home),
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(SUPERSET / "superset_config.py"),
        "FLASK_APP": "superset.app:create_app()",
        "SCARF_ANALYTICS": "false",
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    # we bind the socket and pass it on: a free port that is only looked up could be taken before the server starts
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            fix = "choose another PORT, or leave it out"
            raise WangjianError(f"the port is not available: {error}", port=port, fix=fix) from error
        listener.listen()
        yield listener


def _serve(home: Path, listener: socket.socket) -> subprocess.Popen[bytes]:
    command = [str(_program("gunicorn")), "--bind", f"fd://{listener.fileno()}", *_WORKERS, "superset.app:create_app()"]
    # appended: the log of an earlier start stays for comparison
    with (home / "server.log").open("ab") as log:
        return subprocess.Popen(
            command, env=_environment(home), cwd=home, stdout=log, stderr=log, pass_fds=(listener.fileno(),)
        )


def _wait_until_healthy(process: subprocess.Popen[bytes], address: str, home: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            # trust_env=False: a proxy from the environment would look for 127.0.0.1 on its own machine
            if httpx.get(f"{address}/health", timeout=5, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    fix = "read the end of the log, correct the cause, start again"
    raise WangjianError(f"Superset ended, or did not answer within {START_SECONDS} s", log=home / "server.log", fix=fix)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the server: let it finish its answers for 30 s, then kill it."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
