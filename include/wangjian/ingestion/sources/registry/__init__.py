"""Read the registry of sources: one YAML file per source says how and when it is fetched."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from wangjian.core.documents import read_document
from wangjian.core.errors import BadArguments

FOLDER = Path(__file__).parent
TIMEZONE = "Asia/Shanghai"


class _Entry(BaseModel):
    # a misspelled setting must be an error: ignored, it would leave the default in force
    model_config = ConfigDict(frozen=True, extra="forbid")


class Retries(_Entry):
    """How long one task retries. After that the scheduler runs the whole task again.

    Attributes:
        attempts: the number of attempts of one request, the first included.
        longest_wait_seconds: the longest wait between two attempts, even if the server asks for more.
        timeout_seconds: the limit for connecting, and for each wait for data.
        answer_seconds: the limit for one whole HTTP answer. A server that sends byte by byte never reaches `timeout_seconds`.
    """

    attempts: int = Field(default=5, ge=1)
    longest_wait_seconds: float = Field(default=30, ge=0)
    timeout_seconds: float = Field(default=60, gt=0)
    answer_seconds: float = Field(default=600, gt=0)


class HttpOptions(_Entry):
    """Options of the connector `http_export`. `page_size` is what is requested; the server may send smaller pages."""

    page_size: int = Field(default=5000, ge=1, le=5000)
    parallel_exports: int = Field(default=3, ge=1, le=16)
    parallel_pages: int = Field(default=4, ge=1, le=16)
    max_page_bytes: int = 64 * 2**20


class SftpOptions(_Entry):
    """Options of the connector `sftp_export`.

    `folder` holds one folder `YYYYMMDD` per business date. A folder with more than `max_entries` entries is refused.
    Files are named `<prefix>_<dataset>_<YYYYMMDD>_<seq>.csv`, and `.ctl` for their control files.
    """

    folder: str = "/export"
    prefix: str = Field(default="export", pattern="^[a-z]+$")
    parallel_files: int = Field(default=16, ge=1, le=64)
    max_file_bytes: int = 2**30
    max_entries: int = 100_000


class DropOptions(_Entry):
    """Options of the connector `drop_folder`."""

    max_file_bytes: int = 256 * 2**20


class Source(_Entry):
    """One source system.

    Attributes:
        connection_id: the Airflow connection with address and login.
        schedule: a cron expression in Asia/Shanghai time; a morning's run fetches the day before.
        lookback_days: how many days back a daily run looks for exports that were sent late or again.
        overdue_after_days: how many days old the newest business date may be before the source counts as overdue.
        format: the name of a format in `parsing/formats`; `provider`: the layout of each provider names one per file.
        encodings: the encodings of text files, tried in this order.
        daily: the datasets that must have an export for each date.
    """

    source: str
    connector: Literal["http_export", "sftp_export", "drop_folder"]
    connection_id: str
    schedule: str
    lookback_days: int = Field(ge=0)
    overdue_after_days: int = Field(ge=1)
    format: str
    encodings: tuple[str, ...] = ("utf-8",)
    daily: tuple[str, ...] = ()
    retries: Retries = Retries()
    http: HttpOptions = HttpOptions()
    sftp: SftpOptions = SftpOptions()
    drop: DropOptions = DropOptions()


@cache
def load_registry(folder: Path = FOLDER) -> dict[str, Source]:
    """Return all sources.

    Returns:
        The sources by code, in alphabetical order.

    Raises:
        BadArguments: a file breaks the schema.
    """
    return {source.source: source for source in map(_load, sorted(folder.glob("*.yml")))}


def get_source(code: str) -> Source:
    """Return one source by its code.

    Raises:
        BadArguments: there is no such source.
    """
    registry = load_registry()
    if code not in registry:
        raise BadArguments(f"there is no source {code}", known=", ".join(registry), fix=f"add {FOLDER.name}/{code}.yml")
    return registry[code]


def _load(path: Path) -> Source:
    return read_document(path, Source, "the settings of the source", "add the file")
