"""What `wangjian health` and the run log say, as metrics in the text format of Prometheus.

Written into a file of node_exporter's textfile collector where `$WANGJIAN_METRICS_FILE` names one (`….prom`): at the end of each
build and each look at the health, and whenever a task fails for good. Alert rules: dashboards/prometheus/wangjian.rules.yml.
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
    """Gauges of one moment; each name is begun once and may have several labels."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._gauges: dict[str, Gauge] = {}

    def put(self, name: str, help_text: str, value: float, **labels: str) -> None:
        if name not in self._gauges:
            self._gauges[name] = Gauge(f"wangjian_{name}", help_text, sorted(labels), registry=self.registry)
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)


def metrics_text(data: DataRoot, at: datetime | None = None) -> str:
    """All metrics of a data root.

    Args:
        data: the data root.
        at: the moment to judge by; now if null.

    Returns:
        Them in the text format of Prometheus. Moments are seconds since 1970, dates the beginning of the day in Shanghai.
    """
    at, found = at or now(), _Metrics()
    seen = health(data, at)
    found.put("collected_timestamp_seconds", "When this was written", at.timestamp())
    found.put("build_info", "The version of Wangjian", 1, version=version("wangjian"))
    found.put("healthy", "1 where `wangjian health` finds nothing wrong", seen.is_well)
    found.put("problems", "Problems that are not of one source", len(seen.problems))
    _publication(found, data, seen)
    for source in seen.sources:
        _source(found, source)
    _runs(found, runs(data))
    _house(found, data, seen)
    return generate_latest(found.registry).decode()


def _publication(found: _Metrics, data: DataRoot, seen: Health) -> None:
    shown = publishing.current(data)
    found.put("publication_held", "1 where publication waits for approval", present_hold(data) is not None)
    if shown is None:
        return
    found.put("publication_info", "What readers see", 1, publication_id=shown.publication_id)
    found.put("publication_timestamp_seconds", "When readers got what they see", shown.published_at.timestamp())
    found.put("publication_as_of_timestamp_seconds", "The greatest business date in it", _midnight(shown.as_of))
    if seen.calendar_until:
        found.put(
            "calendar_until_timestamp_seconds", "The last day of the loaded calendar", _midnight(seen.calendar_until)
        )


def _source(found: _Metrics, source: SourceHealth) -> None:
    name = source.source
    found.put("source_problems", "Problems of a source", len(source.problems), source=name)
    found.put("source_quarantined_rows", "Bad rows that are set aside", source.open_quarantine, source=name)
    held = len(source.held.split("; ")) if source.held else 0
    found.put("source_held_datasets", "Datasets that are held back", held, source=name)
    allowed = get_source(name).overdue_after_days * _DAY
    found.put("source_overdue_after_seconds", "So old may its data be, in whole days", allowed, source=name)
    if source.last_business_date and source.age_days is not None:
        newest = _midnight(source.last_business_date)
        found.put("source_last_business_date_timestamp_seconds", "Its newest business date", newest, source=name)
        found.put("source_age_seconds", "Whole days since that date", source.age_days * _DAY, source=name)


def _runs(found: _Metrics, past: Iterable[Run]) -> None:
    """The last run of each step, and when it last went well."""
    for run in past:
        if run.ended_at is None:
            continue
        labels = {"step": run.step, "source": run.source or ""}
        is_well = run.outcome in ("succeeded", "skipped")
        seconds = (run.ended_at - run.started_at).total_seconds()
        found.put("run_succeeded", "1 where the last run of the step ended well", is_well, **labels)
        found.put("run_duration_seconds", "How long it took", seconds, **labels)
        found.put("run_end_timestamp_seconds", "When it ended", run.ended_at.timestamp(), **labels)
        found.put("run_rows", "Rows that it handled", run.rows or 0, **labels)
        found.put("run_files", "Files that it handled", run.files or 0, **labels)
        if is_well:
            found.put(
                "run_success_timestamp_seconds", "When the step last ended well", run.ended_at.timestamp(), **labels
            )


def _house(found: _Metrics, data: DataRoot, seen: Health) -> None:
    found.put("audit_log_whole", "1 where the audit log is as it was written", seen.is_audit_log_whole)
    disk = shutil.disk_usage(data.root)
    found.put("disk_free_bytes", "Free on the disk of the data root", disk.free)
    found.put("disk_size_bytes", "Size of the disk of the data root", disk.total)
    if versions := keys(data.state):
        copied = {item for record in records(data) for item in record.selection.get("versions", "").split(", ")}
        is_copied = f"{versions[-1].version}:{versions[-1].fingerprint}" in copied
        found.put("key_backed_up", "1 where the key of hashed numbers was backed up apart", is_copied)


def _midnight(day: date) -> float:
    return datetime.combine(day, time.min, ZoneInfo(TIMEZONE)).timestamp()


def write_metrics(data: DataRoot, path: Path) -> None:
    """Write them to a file that readers see whole or not at all, and may read."""
    write_atomically(path, metrics_text(data), mode=0o644)


def write_configured(data: DataRoot) -> None:
    """The same, to the file that is configured, if one is. A failure is logged and never fails the work itself."""
    path = settings().metrics_file
    if path:
        try:
            write_metrics(data, path)
        except Exception:
            _log.warning("no metrics were written [file=%s]", path, exc_info=True)
