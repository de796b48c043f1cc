"""How long each thing that grows is kept: the file `retention.yml`, and what a site wants otherwise."""

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
"""网络安全法 art. 21: network logs."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NewestFiles(_Entry):
    """The newest so many are kept."""

    keep: int = Field(ge=1)


class NewestReports(_Entry):
    """The newest so many are kept; a reader may be in the one before the present."""

    keep: int = Field(ge=2)


class NetworkLog(_Entry):
    """So many whole months before the running one are kept as they are; the law sets the least."""

    months: int = Field(ge=MONTHS_BY_LAW)


class Results(_Entry):
    """So many whole months before the running one are kept as they are."""

    months: int = Field(ge=1)


class WorkFiles(_Entry):
    """What nobody has written to for so many days goes."""

    days: int = Field(ge=1)


class Retention(_Entry):
    """All of it, as in `retention.yml`."""

    personal_data: Results
    publications: NewestFiles
    run_log: NetworkLog
    airflow_logs: NetworkLog
    check_results: Results
    check_reports: NewestReports
    scratch: WorkFiles


def load_retention(site: Path | None = None) -> Retention:
    """Read what is kept for how long.

    Args:
        site: a file with what is wanted otherwise; that of `$WANGJIAN_RETENTION` if null.

    Returns:
        The periods; what the site's file leaves out is as in `retention.yml`.

    Raises:
        BadArguments: a file cannot be read, or a value in it is not allowed; all such values are told at once.
    """
    site = site or settings().retention
    merged = _document(DEFAULTS)
    for name, entry in (_document(site) if site else {}).items():
        is_section = isinstance(entry, dict) and isinstance(merged.get(name), dict)
        merged[name] = merged[name] | entry if is_section else entry
    return checked(merged, Retention, site or DEFAULTS, "the periods", _told)


def _told(fault: Any) -> str:
    field = ".".join(map(str, fault["loc"]))
    is_by_law = fault["type"] == "greater_than_equal" and fault["ctx"]["ge"] == MONTHS_BY_LAW
    law = " (网络安全法 art. 21: network logs are kept for six months at the least)" if is_by_law else ""
    return f"{field}: {fault['msg']}, found {fault['input']!r}{law}"


def _document(path: Path) -> dict[str, Any]:
    found = read_yaml(path, "the periods", f"correct ${VARIABLE}") or {}
    if not isinstance(found, dict):
        raise BadArguments("not a mapping of names to periods", file=path, fix=f"write it as {DEFAULTS.name} is")
    return found
