"""What the landing zone knows of each delivered file: the manifest.

One manifest file per export (a source's answer for one dataset, business date, delivery and version), JSON lines,
one line per delivered file. The bytes lie apart, once per SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

Mode = Literal["full", "delta", "append"]
Role = Literal["data", "control", "evidence", "marker"]


class ExportKey(BaseModel):
    """Names one export. Of several with the same key but for the version, the highest version counts.

    Attributes:
        source: `five_level`, `jiangxi` or `third_party`.
        provider: the monitoring provider; empty for the government systems.
        dataset: as in the contract (`leads`, `storefronts`, …).
        business_date: the day (Asia/Shanghai) that the export describes.
        delivery: empty, or the folder name of an ad-hoc delivery (`special-20230915-T0012`).
        mode: `full` replaces the dataset's state, `delta` changes some keys, `append` only adds.
        version: the source's own number (`export_seq`, `<seq>`, `-vN`); never the order of arrival.
    """

    model_config = ConfigDict(frozen=True)

    source: str
    provider: str = ""
    dataset: str
    business_date: date
    delivery: str = ""
    mode: Mode
    version: int


class LandedFile(BaseModel):
    """One delivered file: one HTTP page, one SFTP file or one file of a drop folder.

    Attributes:
        part: `p0001` … for pages, else the file's own name.
        role: `data` is parsed into rows; `control` declares totals; `evidence` proves a lead; `marker` says "complete".
        original_name: URL or path at the source, without secrets.
        fetched_at: when it was received, with zone. Nothing downstream may depend on it.
        delivered_at: when the source says it made the file, or null.
        sha256: of the bytes; also their address in the object store.
    """

    model_config = ConfigDict(frozen=True)

    part: str
    role: Role = "data"
    original_name: str
    fetched_at: datetime
    delivered_at: datetime | None = None
    sha256: str
    byte_size: int


class Manifest(BaseModel):
    """An export as it was received: its key and its files, ordered by part."""

    model_config = ConfigDict(frozen=True)

    key: ExportKey
    files: tuple[LandedFile, ...]

    @property
    def export_id(self) -> str:
        return export_id(self.key, self.files)


def export_id(key: ExportKey, files: Iterable[LandedFile]) -> str:
    """Identify an export by its key and content: 16 hex digits, the same however often and whenever it is fetched."""
    content = sorted((file.part, file.role, file.sha256) for file in files)
    return hashlib.sha256(f"{key.model_dump_json()}{content}".encode()).hexdigest()[:16]
