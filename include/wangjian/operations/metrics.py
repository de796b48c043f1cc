"""Write the content of `wangjian health` and of the run log as metrics in the text format of Prometheus.

`$WANGJIAN_METRICS_FILE` names a file for node_exporter's textfile collector (`….prom`). It is written at the end of each build and of each
health check, and when a task fails for good. The alert rules are in dashboards/prometheus/wangjian.rules.yml.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from datetime import date, datetime, time
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from wangjian import publishing
from wangjian.core.files import write_atomically
from wangjian.core.paths import DataRoot
from wangjian.core.settings import settings
from wangjian.ingestion.parsing.keyed_hash import keys
from wangjian.ingestion.sources.registry import TIMEZONE, get_source
from wangjian.operations.health import Health, SourceHealth, health
from wangjian.state import Run, now, runs
from wangjian.state.audit_log import records
from wangjian.state.holds import present_hold

VARIABLE = "WANGJIAN_METRICS_FILE"
_DAY = 24 * 3600
_log = logging.getLogger(__name__)


class _Metrics:
    """The gauges of one moment. A gauge is created once and may get several values with different labels."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._gauges: dict[str, Gauge] = {}

    def put(self, name: str, help_text: str, value: float, **labels: str) -> None:
        if name not in self._gauges:
            self._gauges[name] = Gauge(f"wangjian_{name}", help_text, sorted(labels), registry=self.registry)
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)


def metrics_text(data: DataRoot, at: datetime | None = None) -> str:
    """Return all metrics of a data root.

    Args:
        data: the data root.
        at: the time to judge by; now if null.

    Returns:
        The text format of Prometheus. Times are seconds since 1970; a date is the beginning of its day in Shanghai.
    """
    at, metrics = at or now(), _Metrics()
    state = health(data, at)
    metrics.put("collected_timestamp_seconds", "When these metrics were written", at.timestamp())
    metrics.put("build_info", "The version of Wangjian", 1, version=version("wangjian"))
    metrics.put("healthy", "1 if `wangjian health` finds nothing wrong", state.is_well)
    metrics.put("problems", "Problems that do not belong to one source", len(state.problems))
    _publication(metrics, data, state)
    for source in state.sources:
        _source(metrics, source)
    _runs(metrics, runs(data))
    _house(metrics, data, state)
    return generate_latest(metrics.registry).decode()


def _publication(metrics: _Metrics, data: DataRoot, state: Health) -> None:
    shown = publishing.current(data)
    metrics.put("publication_held", "1 if publication waits for approval", present_hold(data) is not None)
    if shown is None:
        return
    metrics.put("publication_info", "The publication that readers see", 1, publication_id=shown.publication_id)
    metrics.put(
        "publication_timestamp_seconds", "When the current publication was published", shown.published_at.timestamp()
    )
    metrics.put(
        "publication_as_of_timestamp_seconds",
        "The newest business date of the current publication",
        _midnight(shown.as_of),
    )
    if state.calendar_until:
        metrics.put(
            "calendar_until_timestamp_seconds", "The last day of the loaded calendar", _midnight(state.calendar_until)
        )


def _source(metrics: _Metrics, source: SourceHealth) -> None:
    name = source.source
    metrics.put("source_problems", "Problems of a source", len(source.problems), source=name)
    metrics.put("source_quarantined_rows", "Rows of a source in quarantine", source.open_quarantine, source=name)
    held = len(source.held.split("; ")) if source.held else 0
    metrics.put("source_held_datasets", "Datasets of a source that are held back", held, source=name)
    allowed = get_source(name).overdue_after_days * _DAY
    metrics.put(
        "source_overdue_after_seconds", "The age at which its data is overdue, in whole days", allowed, source=name
    )
    if source.last_business_date and source.age_days is not None:
        newest = _midnight(source.last_business_date)
        metrics.put(
            "source_last_business_date_timestamp_seconds", "The newest business date of a source", newest, source=name
        )
        metrics.put(
            "source_age_seconds",
            "Whole days since the newest business date of a source",
            source.age_days * _DAY,
            source=name,
        )


def _runs(metrics: _Metrics, past: Iterable[Run]) -> None:
    """Put the last run of each step, and the end of its last successful run."""
    # Later runs overwrite the gauges of earlier ones.
    for run in past:
        if run.ended_at is None:
            continue
        labels = {"step": run.step, "source": run.source or ""}
        # A step is skipped if there is nothing new to do: that is no failure.
        is_well = run.outcome in ("succeeded", "skipped")
        seconds = (run.ended_at - run.started_at).total_seconds()
        metrics.put("run_succeeded", "1 if the last run of the step ended well", is_well, **labels)
        metrics.put("run_duration_seconds", "Duration of the last run of the step", seconds, **labels)
        metrics.put(
            "run_end_timestamp_seconds", "When the last run of the step ended", run.ended_at.timestamp(), **labels
        )
        metrics.put("run_rows", "Rows that the last run of the step handled", run.rows or 0, **labels)
        metrics.put("run_files", "Files that the last run of the step handled", run.files or 0, **labels)
        if is_well:
            metrics.put(
                "run_success_timestamp_seconds", "When the step last ended well", run.ended_at.timestamp(), **labels
            )


def _house(metrics: _Metrics, data: DataRoot, state: Health) -> None:
    metrics.put("audit_log_whole", "1 if the audit log has no fault", state.is_audit_log_whole)
    disk = shutil.disk_usage(data.root)
    metrics.put("disk_free_bytes", "Free bytes on the disk of the data root", disk.free)
    metrics.put("disk_size_bytes", "Size of the disk of the data root", disk.total)
    if versions := keys(data.state):
        # The audit log records every copy of the key with its version and fingerprint.
        copied = {item for record in records(data) for item in record.selection.get("versions", "").split(", ")}
        is_copied = f"{versions[-1].version}:{versions[-1].fingerprint}" in copied
        metrics.put("key_backed_up", "1 if the key of hashed numbers has a backup", is_copied)


def _midnight(day: date) -> float:
    return datetime.combine(day, time.min, ZoneInfo(TIMEZONE)).timestamp()


def write_metrics(data: DataRoot, path: Path) -> None:
    """Write the metrics to a file in one step.

    Args:
        data: the data root.
        path: the file.
    """
    # Readable for everybody: node_exporter runs under an account of its own. The metrics hold no personal data.
    write_atomically(path, metrics_text(data), mode=0o644)


def write_configured(data: DataRoot) -> None:
    """Write the metrics to the configured file; do nothing if none is configured.

    Args:
        data: the data root.
    """
    path = settings().metrics_file
    if path:
        # A failure is only logged: a full disk of the monitoring must not fail a build. The alert on stale metrics reports it.
        try:
            write_metrics(data, path)
        except Exception:
            _log.warning("the metrics could not be written [file=%s]", path, exc_info=True)
