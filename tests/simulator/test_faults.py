"""A fault on a day without rows changes nothing, and the log says so."""

from __future__ import annotations

import logging
from datetime import date

import pytest

from simulator.faults import Faults
from simulator.faults.sftp_tree import Table

DAY = date(2023, 6, 1)
HEADERS = ["金额(元)", "处罚种类"]


def test_a_fault_on_a_day_without_rows_is_logged_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    faults = Faults([f"amount_typed_in_wan@{DAY}"])
    with caplog.at_level(logging.WARNING, "simulator"):
        assert faults.strike("table", "jiangxi.case_penalties", DAY, Table(HEADERS, [])).rows == []
    assert caplog.messages == [
        f"fault amount_typed_in_wan is not applied: jiangxi.case_penalties has too few rows on {DAY}"
    ]


def test_a_fault_changes_a_day_with_rows() -> None:
    faults = Faults([f"amount_typed_in_wan@{DAY}"])
    assert faults.strike("table", "jiangxi.case_penalties", DAY, Table(HEADERS, [["1.00", "警告"]])).rows == [
        ["5.00", "罚款"]
    ]
