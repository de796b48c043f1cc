"""五、时限与超期: whether the legal time limits were kept, and which organs have overdue leads."""

from __future__ import annotations

from wangjian.serving.bulletin.cells import cell
from wangjian.serving.bulletin.content import Cell, Column, Paragraph, Part, Table
from wangjian.serving.bulletin.figures import Figures, Member
from wangjian.serving.bulletin.wording import both, figure, on_month

_KPIS = ("K20_OVERDUE", "K20_DUE_SOON", "K06_RECEIVED", "K06_VERIFIED", "K07")


def deadlines(figures: Figures) -> Part:
    """Return the part on time limits, with a table of the organs."""
    return Part("时限与超期", "时限与超期", (Paragraph(_leads(figures)), Paragraph(_cases(figures)), _organs(figures)))


def _leads(figures: Figures) -> str:
    overdue, soon = figures.total("K20_OVERDUE"), figures.total("K20_DUE_SOON")
    received, verified = figures.total("K06_RECEIVED"), figures.total("K06_VERIFIED")
    return (
        f"{figures.month.month}月末，超期未核查线索{figure(overdue)}，{on_month(overdue)}；"
        f"另有{figure(soon)}将在7个工作日内到期。当月到期线索按时签收率{figure(received)}，{both(received)}；"
        f"按时核查率{figure(verified)}，{both(verified)}。"
    )


def _cases(figures: Figures) -> str:
    decided, published, double = (figures.total(kpi) for kpi in ("K13", "K14_20WD", "K14_7WD"))
    return (
        f"案件期限内决定率{figure(decided)}，{on_month(decided)}；"
        f"处罚信息20个工作日公示及时率{figure(published)}，7个工作日双公示及时率{figure(double)}。"
    )


def _organs(figures: Figures) -> Table:
    columns = (
        Column("承办机构", 2.6, is_text=True),
        Column("月末超期未办（条）", 1.1),
        Column("7日内到期（条）", 1.1),
        Column("按时签收率（%）"),
        Column("按时核查率（%）"),
        Column("办结率（%）"),
    )
    organs = [member for member in figures.members.get("ORGAN", ()) if _has_any(figures, member)]
    # the organ with most overdue leads first: that is what the reader has to act on
    worst = sorted(organs, key=lambda member: (-(_overdue(figures, member)), member.code))
    rows = tuple(
        # short names: the full ones would not fit on one line
        _row(figures, "ORGAN", organ.code, organ.name.replace("市场监督管理局", "局"))
        for organ in worst
        if organ.code != "NONE"
    )
    undispatched = tuple(_row(figures, "ORGAN", organ.code, "尚未分派") for organ in worst if organ.code == "NONE")
    return Table("各承办机构时限情况", columns, rows, (*undispatched, _row(figures, "TOTAL", "ALL", "合计")))


def _overdue(figures: Figures, organ: Member) -> int:
    return int(figures.of("ORGAN", organ.code, "K20_OVERDUE").value or 0)


def _has_any(figures: Figures, organ: Member) -> bool:
    values = [figures.of("ORGAN", organ.code, kpi) for kpi in _KPIS]
    return any(item.value or item.denominator for item in values)


def _row(figures: Figures, section: str, code: str, name: str) -> tuple[Cell, ...]:
    return (name, *(cell(figures.of(section, code, kpi)) for kpi in _KPIS))
