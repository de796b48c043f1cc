"""Where the rows of an erasure lie: in which landed files, on which sheets and lines. Raw tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb

from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.contract import Dataset
from wangjian.state.erasures import Erasure


@dataclass
class FileRows:
    """The rows of one file.

    Attributes:
        export_id: of an export that it belongs to.
        provider: of that export; empty for the government systems.
        rows: row numbers by sheet; empty for a file that is erased as a whole.
    """

    sha256: str
    export_id: str
    provider: str
    part: str
    rows: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


def rows_of(data: DataRoot, dataset: Dataset, erasure: Erasure) -> list[FileRows]:
    """The files that hold rows of an erasure, with their rows.

    Args:
        data: the data root.
        dataset: its contract.
        erasure: by key or by age.

    Returns:
        By hash; empty where nothing is parsed of it. A file that is an export of a later day, too, is left out of an erasure by age.
    """
    found: dict[str, FileRows] = {}
    for sha256, export_id, provider, part, sheet, number in _query(data, dataset, erasure):
        place = found.setdefault(sha256, FileRows(sha256, export_id, provider, part))
        place.rows[sheet].add(number)
    return sorted(found.values(), key=lambda place: place.sha256)


def _query(data: DataRoot, dataset: Dataset, erasure: Erasure) -> Iterable[tuple[Any, ...]]:
    files = data.raw / dataset.source / dataset.name / "*" / "*.parquet"
    with duckdb.connect() as connection:
        return connection.execute(
            f"""
            select _file_sha256, min(_export_id), min(_provider), min(_part), _sheet, _row_number
            from read_parquet($files, union_by_name = true, hive_partitioning = false)
            where
                (_provider = $provider or ($provider = '' and $before is not null))
                and ($key is null or {dataset.key_text} = $key)
                and ($day is null or _business_date = $day)
            group by _file_sha256, _sheet, _row_number
            having $before is null or max(_business_date) < $before
            """,
            {"files": str(files), **_terms(erasure)},
        ).fetchall()


def _terms(erasure: Erasure) -> dict[str, str | date | None]:
    return {
        "provider": erasure.provider,
        "key": erasure.row_key,
        "day": erasure.business_date,
        "before": erasure.before,
    }
