"""Correcting a source's value (校核纠错; 个人信息保护法 art. 46): by a person's decision that is kept with its reason, never in the landed bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb

from wangjian.core.clock import now
from wangjian.core.errors import BadArguments
from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.contract import KEY_SEPARATOR, Dataset, load_contract
from wangjian.state.corrections import Correction, corrections, record_correction


def correct(
    data: DataRoot,
    source: str,
    dataset: str,
    key: Sequence[str],
    column: str,
    right_value: str | None,
    *,
    reason: str,
    person: str,
    provider: str = "",
    day: date | None = None,
) -> Correction:
    """Correct a value of a row, wherever the row comes with the value that its newest delivery has now.

    Args:
        data: the data root.
        source: source code.
        dataset: dataset name.
        key: the values of the dataset's key, in order, as the source sends them.
        column: the warehouse's name of the column.
        right_value: what is right, as the source would write it; null or empty for nothing.
        reason: why; kept for good.
        person: who decides.
        provider: provider code, of the third-party source.
        day: business date of the delivery, where numbers are unique within a delivery only.

    Returns:
        The correction, on record; the next build acts on it.

    Raises:
        BadArguments: no reason or person; no such dataset, column or row; a key or a hashed number is to be changed; it is right already.
    """
    if not reason.strip() or not person.strip():
        raise BadArguments("a correction needs a reason and a person", fix="give both; they are kept for the auditors")
    contract = _contract(source, dataset)
    _require_correctable(contract, key, column, day)
    place: dict[str, Any] = {"key": KEY_SEPARATOR.join(key), "provider": provider, "day": day}
    found = _values(data, contract, column, place)
    if not found:
        raise BadArguments(
            "no such row is parsed", source=source, dataset=dataset, **place, fix="give the key as the source sends it"
        )
    right_value = right_value or None
    if found[0] == right_value:
        raise BadArguments("the source says so already", source=source, dataset=dataset, column=column, **place)
    made = Correction(
        source=source, provider=provider, dataset=dataset, business_date=day, row_key=place["key"], column_name=column,
        wrong_value=found[0], right_value=right_value, reason=reason.strip(), corrected_by=person.strip(),
    )  # fmt: skip
    record_correction(data, made)
    return made


def withdraw_correction(data: DataRoot, correction_id: str, *, reason: str, person: str) -> Correction:
    """Take a correction back; the next build shows what the source says.

    Args:
        data: the data root.
        correction_id: as `wangjian corrections list` shows it.
        reason: why; kept for good.
        person: who decides.

    Raises:
        BadArguments: no reason or person is given, or no such correction holds.
    """
    if not reason.strip() or not person.strip():
        raise BadArguments("a withdrawal needs a reason and a person", fix="give both; they are kept for the auditors")
    found = next((item for item in corrections(data) if item.correction_id == correction_id), None)
    if found is None:
        raise BadArguments("no such correction holds", correction=correction_id, fix="see `wangjian corrections list`")
    changes = {"reason": reason.strip(), "corrected_by": person.strip(), "is_withdrawn": True, "corrected_at": now()}
    taken_back = found.model_copy(update=changes)
    record_correction(data, taken_back)
    return taken_back


def _contract(source: str, dataset: str) -> Dataset:
    known = load_contract(source)
    if dataset not in known:
        raise BadArguments("no such dataset", source=source, dataset=dataset, fix=f"choose from {', '.join(known)}")
    return known[dataset]


def _require_correctable(contract: Dataset, key: Sequence[str], column: str, day: date | None) -> None:
    place = {"source": contract.source, "dataset": contract.name}
    columns = {found.name: found for found in contract.columns}
    free = [name for name, found in columns.items() if name not in contract.key and found.on_parse == "keep"]
    if column not in free:
        raise BadArguments(
            "no column that can be corrected: it names the row, is hashed, or is not there",
            **place,
            column=column,
            fix=f"choose from {', '.join(free)}",
        )
    if len(key) != len(contract.key):
        raise BadArguments(
            f"{len(key)} values for a key of {len(contract.key)}", **place, fix=f"give {', '.join(contract.key)}"
        )
    if (contract.mode == "append") != (day is not None):
        needed = "is needed" if day is None else "is not wanted"
        raise BadArguments(
            f"the day of the delivery {needed}", **place, fix="only numbers that are unique within a delivery need it"
        )


def _values(data: DataRoot, contract: Dataset, column: str, place: dict[str, Any]) -> list[str | None]:
    """What parsed rows of this key say, the newest first."""
    files = data.raw / contract.source / contract.name / "*" / "*.parquet"
    if not any(data.raw.glob(str(files.relative_to(data.raw)))):
        return []
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"""
            select "{column}"
            from read_parquet($files, union_by_name = true, hive_partitioning = false)
            where {contract.key_text} = $key and _provider = $provider
                and ($day is null or _business_date = $day)
            order by _business_date desc, _version desc, _row_number desc
            """,
            {"files": str(files), **place},
        ).fetchall()
    return [value for (value,) in rows]
