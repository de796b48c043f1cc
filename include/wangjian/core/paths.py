"""Where everything lies below the data root and in the project."""

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
"""Lies in a data root into which a backup is being restored; nothing else may begin there."""


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
        """Work files of running steps; whatever lies here may go when no step runs."""
        return self.root / "scratch"


def configured_root() -> DataRoot:
    """The data root from `$WANGJIAN_DATA` (default `data/` in the project), whether it is there or not."""
    return DataRoot((settings().data or PROJECT_ROOT / "data").absolute())


def data_root() -> DataRoot:
    """The configured data root, made private to its owner.

    Returns:
        The data root; the folder exists with mode 0700, and its format is one that this version knows.

    Raises:
        NewerData: a newer version wrote it.
        WangjianError: a backup is being restored into it, or was until that was cut off.
    """
    data = configured_root()
    data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (data.root / UNFINISHED_RESTORE).exists():
        raise WangjianError(
            "a backup is being restored into the data root, or its restore was cut off",
            data_root=data.root,
            fix="wait for it, or run the same `wangjian restore` again: it goes on where it stopped",
        )
    claim(data)
    return data
