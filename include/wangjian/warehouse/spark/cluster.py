"""Start a Spark on this machine from the pip package: a standalone master, workers, and the Thrift server for dbt.

It is for tests, and for an installation without a cluster. All processes listen on 127.0.0.1 only, on ports that the system picks, and
ask for no password: every account of the machine can query them while they run.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from wangjian.core.errors import WangjianError
from wangjian.core.settings import settings

HOST = "127.0.0.1"
_MASTER = re.compile(r"Starting Spark master at (spark://\S+)")
_WORKER = re.compile(r"Successfully registered with master")
_THRIFT = re.compile(r"Starting ThriftBinaryCLIService on port (\d+)")
_START_SECONDS = 180
_DAEMON_MEMORY = "256m"
# looked up at import: between fork and exec a process must not load a library
_prctl = getattr(ctypes.CDLL(None), "prctl", None)
_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 20

_SMALL = {
    # many models with few rows each: planning and compiling take the time, not the rows
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.sql.leafNodeDefaultParallelism": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.ui.enabled": "false",
}
# these processes live for minutes: a quick start saves more than faster code
_QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@dataclass(frozen=True)
class Size:
    """The size of the Spark on this machine.

    Attributes:
        workers: the number of worker processes, each with one executor.
        worker_memory: the memory of each executor.
        driver_memory: the memory of the Thrift server, which plans all queries.
    """

    workers: int = 2
    worker_memory: str = "1g"
    driver_memory: str = "1g"


@dataclass
class LocalSpark:
    """A running Spark on this machine.

    Attributes:
        port: the port of the Thrift server.
        processes: the processes by name: `master`, `worker-1`, …, `thrift`.
    """

    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)


def spark_home(venv: Path) -> Path:
    """Return the folder of Spark in the pip package, its `SPARK_HOME`.

    Args:
        venv: the environment of `requirements/spark.lock`.

    Raises:
        WangjianError: the environment does not exist, or Java is not installed.
    """
    home = next(venv.glob("lib/python3*/site-packages/pyspark"), None)
    if home is None:
        raise WangjianError("Spark is not installed", environment=venv, fix="run `make spark-install`")
    if not (settings().java_home or shutil.which("java")):
        raise WangjianError(
            "Spark needs Java 17 or later, which is not installed", fix="install a JRE, or set JAVA_HOME"
        )
    return home


@contextmanager
def local_spark(venv: Path, folder: Path, tables: Path, size: Size | None = None) -> Iterator[LocalSpark]:
    """Start master, workers and Thrift server; stop them when the block ends, even with an error.

    Args:
        venv: the environment of `requirements/spark.lock`.
        folder: the folder for logs and work files; its old content is removed.
        tables: the folder of Spark's tables.
        size: the number of workers and their memory.

    Raises:
        WangjianError: a process did not start; the message names its log.
    """
    size, home = size or Size(), spark_home(venv)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    starting = _Starting(home, folder)
    try:
        starting.begin("master", _class("Master", "--host", HOST, "--port", "0", "--webui-port", "0"), _DAEMON_MEMORY)
        master = starting.until("master", _MASTER)
        for number in range(1, size.workers + 1):
            starting.begin(f"worker-{number}", _worker(master, folder / f"worker-{number}", size), _DAEMON_MEMORY)
        starting.begin("thrift", _thrift_server(master, folder, tables, size), size.driver_memory)
        for number in range(1, size.workers + 1):
            starting.until(f"worker-{number}", _WORKER)
        port = int(starting.until("thrift", _THRIFT))
        yield LocalSpark(port, starting.processes)
    finally:
        _stop(list(starting.processes.values()))


def _class(name: str, *options: str) -> list[str]:
    kind = name.lower()
    return ["spark-class", f"org.apache.spark.deploy.{kind}.{name}", *options]


def _worker(master: str, folder: Path, size: Size) -> list[str]:
    options = ["--cores", "1", "--memory", size.worker_memory, "--work-dir", str(folder)]
    return _class("Worker", *options, "--host", HOST, "--port", "0", "--webui-port", "0", master)


def _thrift_server(master: str, folder: Path, tables: Path, size: Size) -> list[str]:
    settings = {
        **_SMALL,
        "spark.sql.warehouse.dir": tables.as_uri(),
        # a build on this Spark makes all its tables, so no metastore must remember them: one would only cost time to start
        "spark.sql.catalogImplementation": "in-memory",
        "spark.hadoop.hive.server2.thrift.port": "0",
        "spark.hadoop.hive.server2.thrift.bind.host": HOST,
        "spark.hadoop.hive.exec.scratchdir": str(folder / "hive"),
        "spark.executor.memory": size.worker_memory,
        "spark.driver.host": HOST,
        "spark.driver.bindAddress": HOST,
        "spark.driver.extraJavaOptions": _QUICK_START,
        "spark.executor.extraJavaOptions": _QUICK_START,
        "spark.local.dir": str(folder / "local"),
    }
    options = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    server = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"
    return ["spark-submit", "--master", master, "--class", server, *options, "spark-internal"]


class _Starting:
    """The processes that are being started, each with a log of its own."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home, self.folder = home, folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **os.environ,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": HOST,
            "SPARK_PUBLIC_DNS": HOST,
            "SPARK_DAEMON_JAVA_OPTS": _QUICK_START,
            # the REST server would accept jobs without a password, and nothing here uses it
            "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
            "SPARK_LOG_DIR": str(folder),
        }

    def begin(self, name: str, command: list[str], memory: str) -> None:
        """Start a process; `memory` is the heap of its JVM."""
        with (self.folder / f"{name}.log").open("wb") as file:
            self.processes[name] = subprocess.Popen(
                [str(self.home / "bin" / command[0]), *command[1:]],
                # the Thrift server reads the variable of the daemons too, not that of the driver
                env=self.environment | {"SPARK_DAEMON_MEMORY": memory},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_us,  # noqa: PLW1509
            )

    def until(self, name: str, ready: re.Pattern[str]) -> str:
        """Wait until the log of a process says that it is ready; return the last group of the match."""
        log, process = self.folder / f"{name}.log", self.processes[name]
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and process.poll() is None:
            if match := ready.search(log.read_text(encoding="utf-8", errors="replace")):
                return match[match.re.groups]
            time.sleep(0.1)
        raise WangjianError(
            f"Spark's {name} did not start",
            log=log,
            fix="read the log; common causes are too little memory, a wrong Java, or a port in use",
        )


def _end_with_us() -> None:
    """Let Linux end the new process when its parent is killed: a killed parent cannot stop it any more."""
    if _prctl:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Stop the processes, the Thrift server first, because it ends its executors.

    Each process leads a process group, so that the signal also gets to the processes that it started.
    """
    for process in reversed(processes):
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        # executors survive a worker that was killed
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
