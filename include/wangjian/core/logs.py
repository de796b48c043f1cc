"""Configure the log. Every line has time, level, run and step, and source and date where they are known.

`WANGJIAN_LOG_FORMAT` is `text` (default) or `json`; `WANGJIAN_LOG_LEVEL` is `warning` on the command line by default, and `info` in
Airflow's tasks. What the lines mean: docs/how-to/logs.md.
"""

from __future__ import annotations

import contextvars
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

from wangjian.core.errors import BadArguments
from wangjian.core.settings import settings

P = ParamSpec("P")
T = TypeVar("T")

FORMAT, LEVEL = "WANGJIAN_LOG_FORMAT", "WANGJIAN_LOG_LEVEL"
_NAME = "wangjian"
_bound: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar("_bound", default=MappingProxyType({}))
"""The fields that all lines carry until the block ends. The mapping is replaced, never changed: other threads share it."""


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Add these fields to every log line of the block, in addition to those of the blocks around it.

    Args:
        fields: `run_id`, `step`, `source`, `provider`, `dataset`, `date`, `dag_run`, `task`; null ones are left out.
    """
    token = _bound.set({**_bound.get(), **{name: str(value) for name, value in fields.items() if value is not None}})
    try:
        yield
    finally:
        _bound.reset(token)


def carried(action: Callable[P, T]) -> Callable[P, T]:
    """Return the action for another thread, so that its log lines carry the fields of this thread."""
    here = contextvars.copy_context()

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        # a context can be entered only once at a time, and several threads may run the action
        return here.copy().run(action, *args, **kwargs)

    return run


def configure(*, in_task: bool = False) -> None:
    """Write Wangjian's log to standard error; in an Airflow task to standard output, which Airflow stores.

    Args:
        in_task: whether this process runs an Airflow task.

    Raises:
        BadArguments: an unknown format or level.
    """
    logger = logging.getLogger(_NAME)
    handler = _Handler(in_task=in_task)
    handler.setFormatter(_formatter())
    if not in_task and not settings().log_level:
        # the command prints itself how a step ended; the same line in the log would say it twice
        handler.addFilter(lambda record: record.name != "wangjian.state.runs")
    for old in [old for old in logger.handlers if isinstance(old, _Handler)]:
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(_level("info" if in_task else "warning"))
    # once Airflow is imported, its own handler would print each line a second time, without the fields
    logger.propagate = False


class _Handler(logging.StreamHandler[Any]):
    """Wangjian's handler. It looks up the stream for each line, so that it follows a replaced `sys.stdout`."""

    def __init__(self, *, in_task: bool) -> None:
        self._in_task = in_task
        super().__init__()

    @property
    def stream(self) -> Any:
        return sys.stdout if self._in_task else sys.stderr

    @stream.setter
    def stream(self, _: Any) -> None: ...


def _formatter() -> logging.Formatter:
    kinds: dict[str, Callable[[], logging.Formatter]] = {"text": _Text, "json": _Json}
    wanted = settings().log_format
    if wanted not in kinds:
        raise BadArguments(f"there is no log format {wanted}", variable=FORMAT, fix=f"choose from {', '.join(kinds)}")
    return kinds[wanted]()


def _level(usual: str) -> str:
    wanted = (settings().log_level or usual).upper()
    if wanted not in logging.getLevelNamesMapping():
        raise BadArguments(
            f"there is no log level {wanted}", variable=LEVEL, fix="choose from debug, info, warning, error"
        )
    return wanted


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields of a log line: those of the blocks around it, then its own (`extra={"fields": …}`)."""
    own: Mapping[str, Any] = getattr(record, "fields", {})
    return {**_bound.get(), **{name: value for name, value in own.items() if value is not None}}


def _message(record: logging.LogRecord, formatter: logging.Formatter) -> str:
    """Return the message with everything masked that looks like personal data, as in every message that leaves the system."""
    # imported late: masking reads a file of the project, which a command that logs nothing does not need
    from wangjian.core.masking import masked

    message = record.getMessage()
    if record.exc_info:
        message += "\n" + formatter.formatException(record.exc_info)
    # names stay: in prose, short words look like names and would be masked
    return masked(message, names=False)


def _when(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        place = f" [{fields}]" if fields else ""
        return f"{_when(record)} {record.levelname:7} {record.name}: {_message(record, self)}{place}"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": _when(record), "level": record.levelname, **fields_of(record)}
        line |= {"logger": record.name, "message": _message(record, self)}
        return json.dumps(line, ensure_ascii=False, default=str)
