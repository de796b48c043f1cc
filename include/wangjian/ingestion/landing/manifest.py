"""The manifest: the landing zone's record of each delivered file.

There is one manifest per export (a source's answer for one dataset, business date, delivery and version). It has JSON lines,
one for each delivered file. The files themselves are stored separately, once per SHA-256.
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
    """The key of one export. Of exports whose keys differ only in the version, the highest version counts.

    Attributes:
        source: `five_level`, `jiangxi` or `third_party`.
        provider: the monitoring provider; empty for the government systems.
        dataset: the contract's name of the dataset (`leads`, `storefronts`, …).
        business_date: the day (Asia/Shanghai) that the export describes.
        delivery: empty, or the folder name of an ad-hoc delivery (`special-20230915-T0012`).
        mode: `full` replaces the dataset's state, `delta` changes some keys, `append` only adds.
        version: the source's own number (`export_seq`, `<seq>`, `-vN`). Never the order of arrival, which a second fetch would change.
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
        original_name: the URL or path at the source, without secrets.
        fetched_at: the time of receipt, with zone. No result may depend on it.
        delivered_at: the time at which the source made the file, according to the source; or null.
        sha256: the hash of the content, which is also its address in the object store.
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
    """An export as it was received: its key, and its files ordered by part."""

    model_config = ConfigDict(frozen=True)

    key: ExportKey
    files: tuple[LandedFile, ...]

    @property
    def export_id(self) -> str:
        return export_id(self.key, self.files)


def export_id(key: ExportKey, files: Iterable[LandedFile]) -> str:
    """Return the id of an export's key and content: 16 hex digits, the same no matter when and how often it is fetched."""
    content = sorted((file.part, file.role, file.sha256) for file in files)
    return hashlib.sha256(f"{key.model_dump_json()}{content}".encode()).hexdigest()[:16]
