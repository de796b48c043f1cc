"""Waiving: to let later exports go on although one failed, by a person's decision that is kept with its reason."""

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
    """Waive the failing export of a date, as the last build shows it.

    Args:
        data: the data root.
        source: source code.
        dataset: dataset name.
        day: its business date.
        provider: provider code, of the third-party source.
        reason: why it may go on; kept for good.
        person: who decides.

    Returns:
        The waiver, on record; the next build acts on it. What was rejected as a whole still brings no rows.

    Raises:
        BadArguments: no reason or person is given, there is no failing export of that date, or two of one version.
    """
    if not reason.strip() or not person.strip():
        raise BadArguments("a waiver needs a reason and a person", fix="give both; they are kept for the auditors")
    found = _failed(data, {"source": source, "provider": provider, "dataset": dataset, "day": day})
    place = {"source": source, "provider": provider or None, "dataset": dataset, "date": day}
    if not found:
        raise BadArguments("no export of that date fails", **place, fix="see `wangjian status`")
    if "VERSION_CONFLICT" in found[0]["fail_codes"]:
        raise BadArguments(
            "one version came with different bytes: nobody can say here which is right",
            **place,
            fix="ask the source for a higher version",
        )
    waiver = Waiver(**found[0], reason=reason.strip(), waived_by=person.strip())
    record_waiver(data, waiver)
    return waiver


def withdraw(data: DataRoot, export_id: str, *, reason: str, person: str) -> Waiver:
    """Take a waiver back.

    Raises:
        BadArguments: there is no such waiver.
    """
    for waiver in waivers(data):
        if waiver.export_id.startswith(export_id):
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
        current_build(data)
        with duckdb.connect(str(data.warehouse), read_only=True) as connection:
            answer = connection.execute(_FAILED, asked)
            names = [column[0] for column in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
