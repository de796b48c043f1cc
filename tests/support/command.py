"""Run the command line in this process."""

from __future__ import annotations

import sys

import pytest

from wangjian.cli import main


def wangjian(*arguments: str) -> int:
    """Run `wangjian` with arguments and return its exit code. An exception other than its own exit fails the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["wangjian", *arguments])
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
    return 0
