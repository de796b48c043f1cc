"""Land exports without a source, and read the raw rows that parsing made of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime

import duckdb

from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.manifest import ExportKey, LandedFile, Manifest, Mode, Role
from wangjian.ingestion.landing.store import Landing

Land = Callable[..., Manifest]
FETCHED_AT = datetime(2024, 1, 1, tzinfo=UTC)


def land(
    data: DataRoot,
    source: str,
    dataset: str,
    day: str,
    files: dict[str, bytes],
    version: int = 1,
    provider: str = "",
    folder: str = "/export",
    mode: Mode = "delta",
) -> Manifest:
    """Land one export: `land(data, "jiangxi", "cases", "2023-01-02", {"a.csv": b"…"}, version=2)`."""
    landing = Landing(data.landing)
    key = ExportKey(
        source=source,
        provider=provider,
        dataset=dataset,
        business_date=date.fromisoformat(day),
        mode=mode,
        version=version,
    )
    landed = tuple(_landed(landing, name, content, folder) for name, content in files.items())
    manifest = Manifest(key=key, files=landed)
    landing.commit(manifest)
    return manifest


def _landed(landing: Landing, name: str, content: bytes, folder: str) -> LandedFile:
    stored = landing.put_bytes(content)
    role: Role = "control" if name.endswith(".ctl") else "data"
    return LandedFile(
        part=name,
        role=role,
        original_name=f"{folder}/{name}",
        fetched_at=FETCHED_AT,
        sha256=stored.sha256,
        byte_size=stored.byte_size,
    )


def controlled(name: str, content: bytes, rows: int, amount: str = "") -> dict[str, bytes]:
    """Return a CSV file of the Jiangxi platform and its control file."""
    control = f"{name}.csv|{rows}|{hashlib.sha256(content).hexdigest()}|{amount}\n".encode()
    return {f"{name}.csv": content, f"{name}.ctl": control}


def penalties(*rows: str) -> dict[str, bytes]:
    """Return a file of penalty items and its control file."""
    header = "立案号,序号,当事人序号,处罚种类,金额(元),缴纳日期,实缴金额(元),法律依据"
    content = "\r\n".join([header, *rows, ""]).encode("gb18030")
    amount = sum(float(row.split(",")[4] or 0) for row in rows)
    return controlled("penalties", content, len(rows), f"{amount:.2f}")


def page(dataset: str, day: str, records: list[dict[str, object]]) -> bytes:
    """Return one page of a JSON export."""
    body = {"dataset": dataset, "business_date": day, "total": len(records), "records": records}
    return json.dumps(body, ensure_ascii=False).encode()


def raw_rows(data: DataRoot, source: str, dataset: str) -> list[tuple[object, ...]]:
    """Return the rows of the batches that the ledger names, without the batches' names."""
    with duckdb.connect() as connection:
        return connection.execute(
            f"""
            select * exclude (_batch_id)
            from read_parquet('{data.raw}/{source}/{dataset}/*/*.parquet', union_by_name = true, hive_partitioning = false)
            where _batch_id in (select batch_id from read_parquet('{data.raw}/_ledger/{source}/{dataset}/*.parquet'))
            order by all
            """
        ).fetchall()


def ledger(data: DataRoot, source: str, dataset: str) -> list[tuple[object, ...]]:
    """Return (part, version, status, reject code, rows read, rows rejected, repeated rows) of each file, in order."""
    with duckdb.connect() as connection:
        return connection.execute(
            f"""
            select part, version, status, reject_code, rows_read, rows_rejected, rows_duplicate
            from read_parquet('{data.raw}/_ledger/{source}/{dataset}/*.parquet')
            order by business_date, version, part
            """
        ).fetchall()
