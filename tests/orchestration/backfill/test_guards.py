"""Two backfills do not disturb each other: the second is refused, or both wait for approval."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from support.holding import held_elsewhere
from support.landed import land, penalties
from wangjian.core.errors import AwaitingApproval, Busy
from wangjian.core.paths import DataRoot
from wangjian.orchestration import pipeline
from wangjian.orchestration.backfill import BackfillRequest, begin, run_backfill
from wangjian.state import runs
from wangjian.state.holds import present_hold

pytestmark = pytest.mark.world("backfill", minutes=2)

REQUEST = BackfillRequest(
    sources=("jiangxi", "five_level"),
    date_from=date(2023, 1, 30),
    date_to=date(2023, 2, 2),
    mode="reparse",
    reason="核对",
)
HELD = REQUEST.model_copy(update={"hold": True})


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    """Return a data root with an export, so that a backfill that was not refused would leave a trace."""
    root = DataRoot(tmp_path)
    land(root, "jiangxi", "case_penalties", "2023-01-30", penalties())
    return root


@pytest.mark.parametrize("lock", ["backfill", "backfill-jiangxi", "backfill-five_level"])
def test_a_second_backfill_is_refused_at_once_and_the_message_names_the_first(data: DataRoot, lock: str) -> None:
    first = "backfill jiangxi from 2023-01-01 to 2023-12-31 (首次装载)"
    with held_elsewhere(data.state / "locks" / f"{lock}.lock", first) as holder:
        with pytest.raises(Busy) as caught:
            run_backfill(data, REQUEST)
        assert caught.value.what.startswith(
            "cannot backfill jiangxi, five_level from 2023-01-30 to 2023-02-02 (核对): another"
        )
        assert (caught.value.where["process"], caught.value.where["doing"]) == (str(holder.pid), first)
    assert runs(data) == [], "nothing was done"


def test_nothing_is_published_from_the_moment_a_held_backfill_begins(data: DataRoot) -> None:
    begin(data, HELD)
    with pytest.raises(AwaitingApproval, match=r"waits for approval since .*reason=核对.*--approve"):
        pipeline.publish(data)
    hold = present_hold(data)
    begin(data, HELD)
    assert hold and present_hold(data) == hold, "a second start keeps the time of the first"


def test_a_backfill_without_hold_is_refused_while_another_is_held(data: DataRoot) -> None:
    begin(data, HELD)
    with pytest.raises(AwaitingApproval, match=r"this backfill would wait too.*or give --hold"):
        run_backfill(data, REQUEST)
    assert runs(data) == [], "nothing was done"
