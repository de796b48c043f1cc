"""The records of runs: run log, check results, builds, publications and decisions.

They cannot be rebuilt from landing. Hence they are append-only, and part of every backup.
"""

from wangjian.core.clock import new_run_id, now
from wangjian.state.builds import Build, current_build, record_build, warehouse_stamp
from wangjian.state.checks import (
    CheckResult,
    Verdict,
    append_check_results,
    check_results,
    last_verdict,
    record_verdict,
)
from wangjian.state.publications import Publication, PublicationEvent, append_event, events
from wangjian.state.runs import Run, record_run, runs

__all__ = [
    "Build",
    "CheckResult",
    "Publication",
    "PublicationEvent",
    "Run",
    "Verdict",
    "append_check_results",
    "append_event",
    "check_results",
    "current_build",
    "events",
    "last_verdict",
    "new_run_id",
    "now",
    "record_build",
    "record_run",
    "record_verdict",
    "runs",
    "warehouse_stamp",
]
