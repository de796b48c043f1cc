"""The paths in the data root and in the project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wangjian.core.data_format import claim
from wangjian.core.errors import WangjianError
from wangjian.core.settings import project_home, settings

PROJECT_ROOT = project_home() or Path(__file__).resolve().parents[3]
DBT_PROJECT = PROJECT_ROOT / "dbt_project"
EXPECTATIONS = PROJECT_ROOT / "expectations"
UNFINISHED_RESTORE = ".restoring"
"""The name of a file that marks a data root while a backup is restored into it. No other command may start there."""


@dataclass(frozen=True)
class DataRoot:
    """The folder that holds all data of one installation (`$WANGJIAN_DATA`)."""

    root: Path

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def docs(self) -> Path:
        return self.root / "docs"

    @property
    def scratch(self) -> Path:
        """Work files of running steps. When no step runs, everything here may be deleted."""
        return self.root / "scratch"


def configured_root() -> DataRoot:
    """Return the data root of `$WANGJIAN_DATA` (default `data/` in the project), whether it exists or not."""
    return DataRoot((settings().data or PROJECT_ROOT / "data").absolute())


def data_root() -> DataRoot:
    """Return the configured data root; make the folder, private to its owner, where there is none.

    Returns:
        The data root; the folder exists with mode 0700, and its format is one that this version knows.

    Raises:
        NewerData: a newer version wrote it.
        WangjianError: a restore into it is running, or was interrupted.
    """
    data = configured_root()
    # private: landing holds personal data in clear
    data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    # a half restored data root looks like a whole one with less data; nothing may be built or published from it
    if (data.root / UNFINISHED_RESTORE).exists():
        raise WangjianError(
            "a restore of a backup into the data root is running, or was interrupted",
            data_root=data.root,
            fix="wait for it, or run the same `wangjian restore` again: it continues where it stopped",
        )
    claim(data)
    return data
