"""Run steps of the pipeline in forks of one server process, and stop each at a chosen write.

The server imports the heavy packages once, so a fork costs milliseconds. It is a process of its own, because the tests' process has
threads (the simulated servers), and a process with threads must not be forked.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from support.write_points import Outcome, WritePoint, run_traced
from wangjian.core.paths import DataRoot


@dataclass(frozen=True)
class Stop:
    """Where a step is stopped, and how.

    Attributes:
        at: the number of the write point, from 0; null: the step is not stopped.
        path: a regular expression; only write points whose path matches are counted.
        how: one of the answers of `support.write_points.At`, or a command that is run before the step goes on.
    """

    at: int | None = None
    path: str = ""
    how: str | list[str] = "kill"


@dataclass(frozen=True)
class Step:
    """A step of the pipeline: the name of one of `STEPS`, and its arguments except the data root."""

    name: str
    source: str = ""
    first: str = ""
    last: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.source}".strip()


def _ingest(data: DataRoot, step: Step) -> None:
    from wangjian.orchestration import pipeline

    pipeline.ingest(data, step.source, date.fromisoformat(step.first), date.fromisoformat(step.last))


def _parse(data: DataRoot, step: Step) -> None:
    from wangjian.orchestration import pipeline

    pipeline.parse(data, step.source)


def _reparse(data: DataRoot, step: Step) -> None:
    from wangjian.orchestration import pipeline

    pipeline.parse(data, step.source, again=lambda *_: True)


def _publish_otherwise(data: DataRoot, step: Step) -> None:
    """Publish the same rows under another label, so that the next publication is a new one."""
    from wangjian import publishing
    from wangjian.warehouse.labels import LABELS

    labels = data.scratch / "labels.yml"
    labels.write_text(LABELS.read_text().replace("线索", "旧线索", 1))
    publishing.publish(data, labels=labels)


def _of_all(name: str) -> Callable[[DataRoot, Step], None]:
    def work(data: DataRoot, _: Step) -> None:
        from wangjian.orchestration import pipeline

        getattr(pipeline, name)(data)

    return work


def _compact(data: DataRoot, step: Step) -> None:
    from wangjian.orchestration import pipeline

    pipeline.compact(data, step.source)


def _rollback(data: DataRoot, _: Step) -> None:
    from wangjian import publishing

    publishing.rollback(data)


def _command(data: DataRoot, step: Step) -> None:
    """Run the command line itself, as a person does."""
    from wangjian.cli import main

    os.environ["WANGJIAN_DATA"] = str(data.root)
    sys.argv = ["wangjian", *step.source.split("\t")]
    main()


STEPS: Mapping[str, Callable[[DataRoot, Step], None]] = {
    "ingest": _ingest,
    "parse": _parse,
    "reparse": _reparse,
    "build": _of_all("build"),
    "check": _of_all("check"),
    "publish": _of_all("publish"),
    "publish otherwise": _publish_otherwise,
    "rebuild": _of_all("rebuild"),
    "docs": _of_all("docs"),
    "compact": _compact,
    "rollback": _rollback,
    "command": _command,
}


class Crashes:
    """The client with which tests use the server process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, root: Path, step: Step, stop: Stop | None = None) -> tuple[Outcome, str]:
        """Run a step.

        Returns:
            The step's outcome, and its messages on standard error.
        """
        assert self._process.poll() is None, "the server process has ended: an earlier test shows why"
        job = {"root": str(root), "step": asdict(step), "stop": asdict(stop or Stop())}
        try:
            answer = self._answer(json.dumps(job))
        except BaseException:
            # after a timeout the server would still send this answer, and the next test would read it as its own
            self._process.kill()
            raise
        points = [WritePoint(*point) for point in answer["points"]]
        return Outcome(points, answer["exit_code"]), answer["said"]

    def _answer(self, job: str) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{job}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def crashes(environment: Mapping[str, str], log: Path) -> Iterator[Crashes]:
    """Start the server process; `log` receives the messages of the steps."""
    settings = {"PYTHONPATH": os.pathsep.join(sys.path), "CRASH_LOG": str(log), "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "support.crashing"],
        env={**os.environ, **environment, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Crashes(process)
    finally:
        assert process.stdin
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.wait(60)


def _serve() -> None:
    log = Path(os.environ["CRASH_LOG"])
    # a copy of standard output for the answers, so that a step's own output does not mix with them
    answers = os.fdopen(os.dup(1), "w")
    _say_into(log)
    _import_what_steps_need()
    for line in sys.stdin:
        job = json.loads(line)
        before = log.stat().st_size
        outcome = _carry_out(DataRoot(Path(job["root"])), Step(**job["step"]), Stop(**job["stop"]))
        said = log.read_bytes()[before:].decode(errors="replace")
        points = [(point.call, point.path) for point in outcome.points]
        answers.write(json.dumps({"points": points, "exit_code": outcome.exit_code, "said": said}) + "\n")
        answers.flush()


def _say_into(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)


def _import_what_steps_need() -> None:
    import airflow.sdk  # noqa: F401
    import asyncssh  # noqa: F401
    import openpyxl  # noqa: F401
    import python_calamine  # noqa: F401

    import wangjian.cli
    import wangjian.orchestration.pipeline  # noqa: F401
    from wangjian.quality.gx import great_expectations

    great_expectations()


def _carry_out(data: DataRoot, step: Step, stop: Stop) -> Outcome:
    counted = iter(range(sys.maxsize))

    def at(_: int, point: WritePoint) -> str:
        if stop.at is None or not re.search(stop.path, point.path) or next(counted) != stop.at:
            return ""
        if isinstance(stop.how, str):
            return stop.how
        subprocess.run(stop.how, check=True)
        return ""

    def work() -> Any:
        return STEPS[step.name](data, step)

    return run_traced(data.root, work, at)


if __name__ == "__main__":
    _serve()
