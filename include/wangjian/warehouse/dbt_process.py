"""dbt in a process of its own: `python -m wangjian.warehouse.dbt_process build …`."""

from __future__ import annotations

import json
import logging
from typing import IO, Any

from wangjian.core.skipped_imports import skip_unused_imports

# DuckDB imports pandas to bind a parameter or to take a value from a function, and JSON schemas a grammar of addresses in
# which no schema here has any: more than a second at each start
skip_unused_imports("pandas", "rfc3987_syntax")

from dbt.cli.main import cli  # noqa: E402
from dbt_common.events.base_types import EventLevel  # noqa: E402
from dbt_common.events.event_manager import EventManager  # noqa: E402

_fire_event = EventManager.fire_event


def _fire_event_that_a_log_keeps(
    self: EventManager, e: Any, level: EventLevel | None = None, *rest: Any, **options: Any
) -> None:
    """Skip debug events that every log drops: dbt first makes JSON of each, which is a sixth of a small build's time."""
    if (level or e.level_tag()) is EventLevel.DEBUG and not self.callbacks and not _logs_debug(self):
        return
    _fire_event(self, e, level, *rest, **options)


def _logs_debug(events: EventManager) -> bool:
    logs = [getattr(logger, "_python_logger", None) for logger in events.loggers]
    return any(log is None or log.isEnabledFor(logging.DEBUG) for log in logs)


def _dump(value: Any, file: IO[str], **options: Any) -> None:
    """Write JSON in one piece: `json.dump` writes it word by word in Python, a tenth of a small build's time."""
    file.write(json.dumps(value, **options))


json.dump = _dump
EventManager.fire_event = _fire_event_that_a_log_keeps  # type: ignore[method-assign]

if __name__ == "__main__":
    cli()
