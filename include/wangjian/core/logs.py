"""The log: every line says when, how bad, which run and step, and, where it is known, which source and date.

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
"""What all lines say until the block ends; never changed, only replaced."""


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Let every line of the block carry these fields, beside those of the blocks around it.

    Args:
        fields: `run_id`, `step`, `source`, `provider`, `dataset`, `date`, `dag_run`, `task`; null ones are left out.
    """
    token = _bound.set({**_bound.get(), **{name: str(value) for name, value in fields.items() if value is not None}})
    try:
        yield
    finally:
        _bound.reset(token)


def carried(action: Callable[P, T]) -> Callable[P, T]:
    """The same action for another thread, whose lines then carry what those of this one do."""
    here = contextvars.copy_context()

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        # a context can be entered once at a time, and several threads may be at it
        return here.copy().run(action, *args, **kwargs)

    return run


def configure(*, in_task: bool = False) -> None:
    """Write the log of Wangjian's own code to standard error; in a task of Airflow, which files standard output, to that.

    Args:
        in_task: whether this process carries out a task of Airflow.

    Raises:
        BadArguments: an unknown format or level.
    """
    logger = logging.getLogger(_NAME)
    handler = _Handler(in_task=in_task)
    handler.setFormatter(_formatter())
    if not in_task and not settings().log_level:
        # how a step ended the command itself says
        handler.addFilter(lambda record: record.name != "wangjian.state.runs")
    for old in [old for old in logger.handlers if isinstance(old, _Handler)]:
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(_level("info" if in_task else "warning"))
    # Airflow, once it is imported, has a handler of its own, which would say each line once more without its fields
    logger.propagate = False


class _Handler(logging.StreamHandler[Any]):
    """Ours; writes to what standard output or error is at the moment."""

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
        raise BadArguments(f"no log format {wanted}", variable=FORMAT, fix=f"choose from {', '.join(kinds)}")
    return kinds[wanted]()


def _level(usual: str) -> str:
    wanted = (settings().log_level or usual).upper()
    if wanted not in logging.getLevelNamesMapping():
        raise BadArguments(f"no log level {wanted}", variable=LEVEL, fix="choose from debug, info, warning, error")
    return wanted


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What a line says beside its message: of the blocks around it, then of its own (`extra={"fields": …}`)."""
    own: Mapping[str, Any] = getattr(record, "fields", {})
    return {**_bound.get(), **{name: value for name, value in own.items() if value is not None}}


def _said(record: logging.LogRecord, formatter: logging.Formatter) -> str:
    """The message, with what looks personal masked, as in every message that leaves the house."""
    # reads a file of the project: only once something is said
    from wangjian.core.masking import masked

    message = record.getMessage()
    if record.exc_info:
        message += "\n" + formatter.formatException(record.exc_info)
    return masked(message, names=False)


def _when(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        place = f" [{fields}]" if fields else ""
        return f"{_when(record)} {record.levelname:7} {record.name}: {_said(record, self)}{place}"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": _when(record), "level": record.levelname, **fields_of(record)}
        line |= {"logger": record.name, "message": _said(record, self)}
        return json.dumps(line, ensure_ascii=False, default=str)
