"""Correct a value of a source (校核纠错; 个人信息保护法 art. 46).

A person decides, and the record keeps the reason. The landed bytes do not change.
"""

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
    """Record a correction of one value of a row. It holds for every delivery that repeats the value of the newest delivery.

    Args:
        data: the data root.
        source: source code.
        dataset: dataset name.
        key: the values of the dataset's key, in order, as the source sends them.
        column: the warehouse's name of the column.
        right_value: the right value, as the source would write it; null or empty for no value.
        reason: why; the record keeps it for good.
        person: the person who decides.
        provider: provider code, for the third-party source.
        day: the business date of the delivery, for datasets whose numbers are unique within a delivery only.

    Returns:
        The recorded correction. The next build applies it.

    Raises:
        BadArguments: the reason or the person is missing; the dataset, column or row does not exist; the column is part of the key
            or hashed; or the value is right already.
    """
    if not reason.strip() or not person.strip():
        raise BadArguments("a correction needs a reason and a person", fix="give both; they are kept for the auditors")
    contract = _contract(source, dataset)
    _require_correctable(contract, key, column, day)
    place: dict[str, Any] = {"key": KEY_SEPARATOR.join(key), "provider": provider, "day": day}
    values = _values(data, contract, column, place)
    if not values:
        raise BadArguments(
            "no such row is parsed", source=source, dataset=dataset, **place, fix="give the key as the source sends it"
        )
    right_value = right_value or None
    # The record holds the wrong value: if the source later sends another one, the correction no longer applies, and the source wins.
    if values[0] == right_value:
        raise BadArguments(
            "the newest delivery has this value already",
            source=source,
            dataset=dataset,
            column=column,
            fix="nothing to correct: the source has done it",
            **place,
        )
    made = Correction(
        source=source, provider=provider, dataset=dataset, business_date=day, row_key=place["key"], column_name=column,
        wrong_value=values[0], right_value=right_value, reason=reason.strip(), corrected_by=person.strip(),
    )  # fmt: skip
    record_correction(data, made)
    return made


def withdraw_correction(data: DataRoot, correction_id: str, *, reason: str, person: str) -> Correction:
    """Record that a correction no longer holds. The next build shows the source's value again.

    Args:
        data: the data root.
        correction_id: as `wangjian corrections list` shows it.
        reason: why; the record keeps it for good.
        person: the person who decides.

    Returns:
        The withdrawal as recorded.

    Raises:
        BadArguments: no reason or person is given, or no such correction holds.
    """
    if not reason.strip() or not person.strip():
        raise BadArguments("a withdrawal needs a reason and a person", fix="give both; they are kept for the auditors")
    correction = next((item for item in corrections(data) if item.correction_id == correction_id), None)
    if correction is None:
        raise BadArguments("no such correction holds", correction=correction_id, fix="see `wangjian corrections list`")
    changes = {"reason": reason.strip(), "corrected_by": person.strip(), "is_withdrawn": True, "corrected_at": now()}
    # A record of its own: the history of decisions must show the correction and its withdrawal.
    withdrawal = correction.model_copy(update=changes)
    record_correction(data, withdrawal)
    return withdrawal


def _contract(source: str, dataset: str) -> Dataset:
    known = load_contract(source)
    if dataset not in known:
        raise BadArguments("no such dataset", source=source, dataset=dataset, fix=f"choose from {', '.join(known)}")
    return known[dataset]


def _require_correctable(contract: Dataset, key: Sequence[str], column: str, day: date | None) -> None:
    place = {"source": contract.source, "dataset": contract.name}
    columns = {item.name: item for item in contract.columns}
    # Rows are matched by their key, and of a hashed column nobody could say what the wrong value was.
    free = [name for name, item in columns.items() if name not in contract.key and item.on_parse == "keep"]
    if column not in free:
        raise BadArguments(
            "this column cannot be corrected: it is part of the key, hashed, or not in the contract",
            **place,
            column=column,
            fix=f"choose from {', '.join(free)}",
        )
    if len(key) != len(contract.key):
        raise BadArguments(
            f"{len(key)} values for a key of {len(contract.key)}", **place, fix=f"give {', '.join(contract.key)}"
        )
    # An append dataset may use the same number in another delivery for another row.
    if (contract.mode == "append") != (day is not None):
        needed = "is needed" if day is None else "must not be given"
        raise BadArguments(
            f"the day of the delivery {needed}",
            **place,
            fix="give it only for datasets whose numbers are unique within one delivery",
        )


def _values(data: DataRoot, contract: Dataset, column: str, place: dict[str, Any]) -> list[str | None]:
    """Return the column's values in the parsed rows of this key, the newest first."""
    files = data.raw / contract.source / contract.name / "*" / "*.parquet"
    # DuckDB raises an error for a pattern without files.
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
