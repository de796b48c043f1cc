"""Find the rows of an erasure: the landed files, sheets and lines that the parsed rows in raw name."""

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
        export_id: an export that the file belongs to.
        provider: the provider of that export; empty for the government systems.
        rows: the row numbers by sheet; empty for a file that is erased as a whole.
    """

    sha256: str
    export_id: str
    provider: str
    part: str
    rows: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


def rows_of(data: DataRoot, dataset: Dataset, erasure: Erasure) -> list[FileRows]:
    """Return the files that hold rows of an erasure, with their rows.

    Args:
        data: the data root.
        dataset: the contract of the dataset.
        erasure: an erasure by key or by age.

    Returns:
        The files in the order of their hashes; empty if none of the rows is parsed. An erasure by age leaves out a file whose bytes
        also came as an export of a later day.
    """
    files: dict[str, FileRows] = {}
    for sha256, export_id, provider, part, sheet, number in _query(data, dataset, erasure):
        file = files.setdefault(sha256, FileRows(sha256, export_id, provider, part))
        file.rows[sheet].add(number)
    return sorted(files.values(), key=lambda file: file.sha256)


def _query(data: DataRoot, dataset: Dataset, erasure: Erasure) -> Iterable[tuple[Any, ...]]:
    files = data.raw / dataset.source / dataset.name / "*" / "*.parquet"
    # Landing keeps equal bytes once. The age of a row is therefore that of the newest export that contains its file.
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
