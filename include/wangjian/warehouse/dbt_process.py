"""The entry point of the process that runs dbt: `python -m wangjian.warehouse.dbt_process build …`."""

from __future__ import annotations

import logging
from typing import Any

from wangjian.core.skipped_imports import skip_unused_imports

# DuckDB imports pandas to bind a parameter or to take a value from a function. jsonschema imports a grammar of addresses,
# which no schema here has. Without these imports each start is more than a second faster
skip_unused_imports("pandas", "rfc3987_syntax")

from dbt.cli.main import cli  # noqa: E402
from dbt.tracking import track_behavior_change_warn  # noqa: E402
from dbt_common.events.base_types import EventLevel  # noqa: E402
from dbt_common.events.event_manager import EventManager  # noqa: E402

_fire_event = EventManager.fire_event


def _fire_event_that_a_log_keeps(
    self: EventManager, e: Any, level: EventLevel | None = None, *rest: Any, **options: Any
) -> None:
    """Skip debug events that every log drops: dbt first makes JSON of each, which is a sixth of a small build's time."""
    if (level or e.level_tag()) is EventLevel.DEBUG and not _is_kept(self):
        return
    _fire_event(self, e, level, *rest, **options)


def _is_kept(events: EventManager) -> bool:
    """Whether a log or a callback takes debug events; dbt's own callback looks at warnings only."""
    logs = [getattr(logger, "_python_logger", None) for logger in events.loggers]
    listeners = [callback for callback in events.callbacks if callback is not track_behavior_change_warn]
    return bool(listeners) or any(log is None or log.isEnabledFor(logging.DEBUG) for log in logs)


EventManager.fire_event = _fire_event_that_a_log_keeps  # type: ignore[method-assign]

if __name__ == "__main__":
    cli()
