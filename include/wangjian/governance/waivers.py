"""Waive a failed export, so that later exports are loaded. A person decides, and the record keeps the reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

from wangjian.core.errors import BadArguments
from wangjian.core.paths import DataRoot
from wangjian.state import current_build
from wangjian.state.waivers import Waiver, record_waiver, waivers
from wangjian.warehouse.opening import warehouse_open

_FAILED = """
    select export_id, source, provider, dataset, business_date, fail_codes
    from audit.held_export
    where source = $source and provider = $provider and dataset = $dataset and business_date = $day and fail_codes is not null
    order by version desc
"""


def waive(
    data: DataRoot, source: str, dataset: str, day: date, *, provider: str = "", reason: str, person: str
) -> Waiver:
    """Record a waiver for the failed export of a date, as the last build shows it.

    Args:
        data: the data root.
        source: source code.
        dataset: dataset name.
        day: its business date.
        provider: provider code, for the third-party source.
        reason: why later exports may be loaded; the record keeps it for good.
        person: the person who decides.

    Returns:
        The recorded waiver. The next build applies it. A file that was rejected as a whole still brings no rows.

    Raises:
        BadArguments: no reason or person is given, no export of that date failed, or two exports have the same version.
    """
    if not reason.strip() or not person.strip():
        raise BadArguments("a waiver needs a reason and a person", fix="give both; they are kept for the auditors")
    exports = _failed(data, {"source": source, "provider": provider, "dataset": dataset, "day": day})
    place = {"source": source, "provider": provider or None, "dataset": dataset, "date": day}
    if not exports:
        raise BadArguments("no export of that date failed", **place, fix="see `wangjian status`")
    # A waiver would have to pick one of the two contents, and only the source knows which one is right.
    if "VERSION_CONFLICT" in exports[0]["fail_codes"]:
        raise BadArguments(
            "the source sent two different contents under one version; a waiver cannot choose between them",
            **place,
            fix="ask the source for a higher version",
        )
    waiver = Waiver(**exports[0], reason=reason.strip(), waived_by=person.strip())
    record_waiver(data, waiver)
    return waiver


def withdraw(data: DataRoot, export_id: str, *, reason: str, person: str) -> Waiver:
    """Record that a waiver no longer holds.

    Args:
        data: the data root.
        export_id: the waived export, or the beginning of its identifier.
        reason: why; the record keeps it for good.
        person: the person who decides.

    Returns:
        The withdrawal as recorded.

    Raises:
        BadArguments: there is no such waiver.
    """
    for waiver in waivers(data):
        if waiver.export_id.startswith(export_id):
            # A record of its own: the history of decisions must show the waiver and its withdrawal.
            taken_back = Waiver(
                **waiver.model_dump(exclude={"reason", "waived_by", "waived_at", "is_withdrawn"}),
                reason=reason,
                waived_by=person,
                is_withdrawn=True,
            )
            record_waiver(data, taken_back)
            return taken_back
    raise BadArguments("there is no such waiver", export_id=export_id, fix="see audit.waiver in the published file")


def _failed(data: DataRoot, asked: dict[str, Any]) -> list[dict[str, Any]]:
    with warehouse_open(data, "look for failing exports"):
        # Raises for an unfinished build, whose audit tables may be incomplete.
        current_build(data)
        with duckdb.connect(str(data.warehouse), read_only=True) as connection:
            answer = connection.execute(_FAILED, asked)
            names = [column[0] for column in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
