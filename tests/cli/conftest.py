"""Run the command line in this process, with a data root of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.command import wangjian
from support.small_warehouse import build, data, labels
from wangjian.core.paths import DataRoot

__all__ = ["build", "data", "labels"]

Call = Callable[..., int]


@pytest.fixture
def call(data: DataRoot, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return a function that runs `wangjian` with arguments and returns the exit code."""
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))

    return wangjian
