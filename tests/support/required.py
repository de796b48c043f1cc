"""End tests whose program is missing: they are skipped in a run of all tests, and fail when a person named them."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

REQUIRED = "WANGJIAN_TESTS_REQUIRED"
"""The variable with the kinds of tests that must run: `compose`, `spark`. The make targets of the same names set it."""


def cannot_run(kind: str, reason: str) -> NoReturn:
    """End a test or fixture that cannot run.

    Args:
        kind: the kind of test, as `$WANGJIAN_TESTS_REQUIRED` names it.
        reason: what is missing, and how to install it.

    Raises:
        pytest.fail.Exception: the kind is required.
        pytest.skip.Exception: it is not.
    """
    if kind in os.environ.get(REQUIRED, "").split():
        pytest.fail(f"{kind} tests were requested and cannot run: {reason}", pytrace=False)
    pytest.skip(reason)
