"""The real pipeline catches each fault at the right step with the right code, and loses or half loads nothing."""

from __future__ import annotations

from datetime import date

import pytest

from invariants.faults.cases import BY_NAME, CASES, ELSEWHERE, Case
from invariants.faults.conftest import Struck
from simulator.faults import FAULTS
from simulator.systems import Systems

pytestmark = [pytest.mark.slow, pytest.mark.world("faults", minutes=7)]

_PLACE = "source = $1 and provider = $2 and dataset = $3 and business_date = $4"


def _place(case: Case, struck: Struck) -> tuple[str, str, str, date]:
    found = FAULTS[case.fault]
    provider, _, dataset = found.dataset.rpartition(".")
    return found.source, provider, "evidence" if "archive" in case.fault else dataset, struck.days[case.fault]


def _of(outcome: str) -> list[object]:
    return [pytest.param(case, id=case.fault) for case in CASES if case.outcome == outcome]


@pytest.mark.everyday
def test_every_fault_has_its_case() -> None:
    assert set(BY_NAME) | set(ELSEWHERE) == set(FAULTS)
    assert len(BY_NAME) == len(CASES)


@pytest.mark.everyday
@pytest.mark.parametrize("case", _of("fetch"))
def test_the_connector_refuses_it_and_lands_nothing(struck: Struck, case: Case) -> None:
    source, provider, dataset, day = _place(case, struck)
    assert str(day) in struck.refused and case.words in struck.refused
    assert struck.ask(f"select count(*) from audit.file_ledger where {_PLACE}", source, provider, dataset, day) == [
        (0,)
    ]


@pytest.mark.everyday
@pytest.mark.parametrize("case", _of("rejected"))
def test_the_file_is_rejected_as_a_whole(struck: Struck, case: Case) -> None:
    place = _place(case, struck)
    rows = struck.ask(
        "select reject_code, reject_message, rows_read, original_name from audit.file_ledger "
        f"where {_PLACE} and status = 'rejected'",
        *place,
    )
    assert rows
    for code, message, rows_read, name in rows:
        assert (code, rows_read) == (case.code, None)
        assert name and case.words in str(message) and "→" in str(message), "what, where and what to do"
    balance = f"select coalesce(sum(rows_loaded), 0) from audit.row_balance where {_PLACE}"
    if case.fault != "evidence_archive_cut_off":
        assert struck.ask(balance, *place) == [(0,)], "nothing of it is loaded"
        assert struck.ask(f"select fail_codes from audit.held_export where {_PLACE}", *place) == [(case.code,)]
        assert _check(struck, "files_readable", place)[0] > 0


@pytest.mark.everyday
@pytest.mark.parametrize("case", _of("fails"))
def test_the_export_fails_its_controls(struck: Struck, case: Case) -> None:
    place = _place(case, struck)
    found = struck.ask(f"select fail_codes, rows_read from audit.held_export where {_PLACE}", *place)
    assert [code for code, _ in found] == [case.code]
    rule = {
        "CONTROL_ROWS": "rows_as_declared",
        "CONTROL_AMOUNT": "amount_as_declared",
        "VOLUME": "full_export_complete",
    }
    failing, severity, _ = _check(struck, rule[case.code], place)
    assert failing > 0 and severity == "critical"


@pytest.mark.everyday
@pytest.mark.parametrize("case", _of("quarantined"))
def test_its_bad_rows_are_set_aside_with_their_reason(struck: Struck, case: Case) -> None:
    place = _place(case, struck)
    rows = struck.ask(
        f"select reason_codes, original_values, row_number, original_name from audit.quarantine where {_PLACE}", *place
    )
    found = [row for row in rows if all(code in str(row[0]) for code in case.code.split(","))]
    assert found, rows
    assert any(case.words in str(values) for _, values, _, _ in found)
    assert all(number and name for _, _, number, name in found)
    failing, severity, _ = _check(struck, "rows_keep_the_contract", place)
    assert failing >= len(found) and severity == "warning"


@pytest.mark.parametrize("case", _of("warned"))
def test_a_check_reports_it(struck: Struck, clean: Struck, case: Case) -> None:
    results = "select passed, severity, observed from audit.check_result where rule = $1"
    failed = [row for row in struck.ask(results, case.code) if not row[0]]
    assert failed and {severity for _, severity, _ in failed} == {"warning"}
    assert any(case.words in str(observed) for _, _, observed in failed), failed
    assert all(passed for passed, _, _ in clean.ask(results, case.code))


@pytest.mark.parametrize("case", _of("superseded"))
def test_repeated_rows_count_once(struck: Struck, clean: Struck, case: Case) -> None:
    place = _place(case, struck)
    sums = f"select sum(rows_superseded), sum(rows_loaded) from audit.row_balance where {_PLACE}"
    ((superseded, loaded),) = struck.ask(sums, *place)
    assert superseded and (loaded,) == clean.ask(sums, *place)[0][1:]


@pytest.mark.everyday
@pytest.mark.parametrize("case", _of("late"))
def test_late_rows_are_joined_when_they_arrive(struck: Struck, systems: Systems, case: Case) -> None:
    place = _place(case, struck)
    first = next((row["lead_no"] for row in systems.five_level("leads", place[3])[2]), "")
    assert struck.ask(case.shown.format(first=first)) == [(True,)]
    assert struck.ask(f"select count(*) from audit.held_export where {_PLACE} and fail_codes is not null", *place) == [
        (0,)
    ]


@pytest.mark.parametrize("case", _of("harmless"))
def test_it_loads_like_a_world_without_the_fault(struck: Struck, clean: Struck, case: Case) -> None:
    place = _place(case, struck)
    loaded = f"select sum(rows_loaded) from audit.row_balance where {_PLACE}"
    quarantined = f"select reason_codes from audit.quarantine where {_PLACE}"
    beside = len(list(struck.ask(quarantined, *place)))
    assert (int(struck.ask(loaded, *place)[0][0]) + beside,) == clean.ask(loaded, *place)[0]  # type: ignore[call-overload]
    assert struck.ask(f"select count(*) from audit.held_export where {_PLACE} and fail_codes is not null", *place) == [
        (0,)
    ]
    if case.shown:
        assert struck.ask(case.shown.format(day=place[3])) == [(True,)]


def _check(struck: Struck, rule: str, place: tuple[str, str, str, date]) -> tuple[int, str, str]:
    """Return (failing rows, severity, observed) of a rule for a dataset."""
    source, provider, dataset, _ = place
    name = ".".join(part for part in (source, provider, dataset) if part)
    ((failing, severity, observed),) = struck.ask(
        "select failing_rows, severity, observed from audit.check_result where rule = $1 and table_name = $2",
        rule,
        name,
    )
    return int(str(failing)), str(severity), str(observed)


@pytest.mark.parametrize("world", ["clean", pytest.param("struck", marks=pytest.mark.everyday)])
def test_nothing_is_lost_in_either_world(world: str, request: pytest.FixtureRequest) -> None:
    found: Struck = request.getfixturevalue(world)
    lost = "select count(*) from audit.row_balance where rows_read <> rows_loaded + rows_quarantined + rows_superseded"
    assert found.ask(lost) == [(0,)]


def test_a_world_without_faults_has_no_bad_row_no_failure_and_no_warning(clean: Struck) -> None:
    assert clean.refused == ""
    assert clean.ask("select count(*) from audit.quarantine") == [(0,)]
    assert clean.ask("select table_name, rule, observed from audit.check_result where not passed") == []
    assert clean.ask("select count(*) from audit.held_export") == [(0,)]


@pytest.mark.everyday
def test_held_back_datasets_are_reported_with_the_publication(struck: Struck) -> None:
    ((held,),) = struck.ask("select held from audit.publication")
    assert "jiangxi/cases since" in str(held)
    waiting = struck.ask("select fail_codes, waiting_exports from audit.held_dataset where dataset = 'cases'")
    assert [code for code, _ in waiting] == ["MISSING_COLUMN"]
    assert int(str(waiting[0][1])) > 0
