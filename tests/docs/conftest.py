"""A copy of the project that a document may change."""

from __future__ import annotations

from pathlib import Path

import pytest
from followed import copy_project


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a copy of what a developer's commands need of a clone, with the environment of this one."""
    return copy_project(tmp_path)
