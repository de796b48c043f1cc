"""Read how long data, logs and results are kept: `retention.yml`, and the values that a site sets instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from wangjian.core.documents import checked, read_yaml
from wangjian.core.errors import BadArguments
from wangjian.core.settings import settings

DEFAULTS = Path(__file__).parent / "retention.yml"
VARIABLE = "WANGJIAN_RETENTION"
MONTHS_BY_LAW = 6
"""The shortest time that network logs must be kept (网络安全法 art. 21)."""


class _Entry(BaseModel):
    # strict: otherwise `keep: true` would count as 1. No extra keys: a misspelled one would leave the default in force
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NewestFiles(_Entry):
    """The number of newest files that are kept."""

    keep: int = Field(ge=1)


class NewestReports(_Entry):
    """The number of newest reports that are kept. At least two: a reader may have the previous one open."""

    keep: int = Field(ge=2)


class NetworkLog(_Entry):
    """The number of whole months before the current one that are kept unchanged. The law sets the minimum."""

    months: int = Field(ge=MONTHS_BY_LAW)


class Results(_Entry):
    """The number of whole months before the current one that are kept unchanged."""

    months: int = Field(ge=1)


class WorkFiles(_Entry):
    """The number of days without a write after which a work file is removed."""

    days: int = Field(ge=1)


class Retention(_Entry):
    """All periods, with the names of `retention.yml`."""

    personal_data: Results
    publications: NewestFiles
    run_log: NetworkLog
    airflow_logs: NetworkLog
    check_results: Results
    check_reports: NewestReports
    scratch: WorkFiles


def load_retention(site: Path | None = None) -> Retention:
    """Return how long everything is kept.

    Args:
        site: the YAML file of a site, which replaces single periods; that of `$WANGJIAN_RETENTION` if null.

    Returns:
        The periods. What the site's file leaves out comes from `retention.yml`.

    Raises:
        BadArguments: a file cannot be read, or values in it are not allowed; the message names all of them.
    """
    site = site or settings().retention
    merged = _document(DEFAULTS)
    for name, entry in (_document(site) if site else {}).items():
        is_section = isinstance(entry, dict) and isinstance(merged.get(name), dict)
        merged[name] = merged[name] | entry if is_section else entry
    return checked(merged, Retention, site or DEFAULTS, "the periods", _describe)


def _describe(fault: Any) -> str:
    field = ".".join(map(str, fault["loc"]))
    is_by_law = fault["type"] == "greater_than_equal" and fault["ctx"]["ge"] == MONTHS_BY_LAW
    law = " (网络安全法 art. 21: network logs must be kept for at least six months)" if is_by_law else ""
    return f"{field}: {fault['msg']}, found {fault['input']!r}{law}"


def _document(path: Path) -> dict[str, Any]:
    document = read_yaml(path, "the periods", f"correct ${VARIABLE}") or {}
    if not isinstance(document, dict):
        raise BadArguments(
            "the file is not a mapping of names to periods", file=path, fix=f"use the form of {DEFAULTS.name}"
        )
    return document
