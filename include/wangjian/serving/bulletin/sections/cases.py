"""三、案件与罚没: filed, decided, closed; fines and confiscations."""

from __future__ import annotations

from wangjian.serving.bulletin.cells import cell, trend
from wangjian.serving.bulletin.content import Cell, Chart, Column, Heading, Paragraph, Part, Table
from wangjian.serving.bulletin.figures import Figures, Member
from wangjian.serving.bulletin.wording import both, figure, figure_text

_KPIS = ("K11_FILED", "K11_DECIDED", "K11_CLOSED", "K12_AMOUNT")
_COLUMNS = (Column("立案（件）"), Column("决定（件）"), Column("结案（件）"), Column("罚没（万元）"))


def cases(figures: Figures) -> Part:
    """Return the part on cases, with a chart of the months and tables by county and by violation."""
    months = trend(
        figures,
        {"立案（件）": "K11_FILED", "决定（件）": "K11_DECIDED", "罚没（万元）": "K12_AMOUNT"},
        "各月案件与罚没",
    )
    blocks = (
        Paragraph(_counted(figures)),
        Paragraph(_fined(figures)),
        Chart("各月案件与罚没", months, (1, 2, 3), "column", lines=(3,)),
        months,
        Heading("按县（市、区）分布"),
        *_table(figures, "REGION", "县（市、区）"),
        Heading("按违法类型分布"),
        *_table(figures, "VIOLATION", "违法类型"),
    )
    return Part("案件与罚没", "案件与罚没", blocks)


def _counted(figures: Figures) -> str:
    parts = []
    for name, kpi in (("立案", "K11_FILED"), ("作出处理决定", "K11_DECIDED"), ("结案", "K11_CLOSED")):
        total = figures.total(kpi)
        parts.append(f"{name}{figure(total)}，{both(total)}")
    return f"{figures.month.month}月，涉网案件{'；'.join(parts)}。立案、决定、结案分别按各自日期统计。"


def _fined(figures: Figures) -> str:
    amount, paid = figures.total("K12_AMOUNT"), figures.total("K12_PAID_RATE")
    rate = figure_text(paid.value, paid.unit)
    return f"罚没金额{figure(amount)}（罚款与没收之和，按决定日期），{both(amount)}；截至数据日期实缴率{rate}。"


def _table(figures: Figures, section: str, name: str) -> tuple[Table | Paragraph, ...]:
    """Return a table of the members that had a case in the month; a sentence if none had."""
    # rows of zeros would hide the members that had a case
    having = [member for member in figures.members.get(section, ()) if _has_case(figures, section, member)]
    if not having:
        return (Paragraph("本月无立案、决定、结案。"),)
    ordered = sorted(having, key=lambda member: [-(figures.of(section, member.code, kpi).value or 0) for kpi in _KPIS])
    rows = tuple(
        _row(figures, section, member.code, "未标明" if member.code == "NONE" else member.name) for member in ordered
    )
    return (
        Table(
            f"按{name}案件",
            (Column(name, 2.2, is_text=True), *_COLUMNS),
            rows,
            (_row(figures, "TOTAL", "ALL", "合计"),),
        ),
    )


def _has_case(figures: Figures, section: str, member: Member) -> bool:
    return any(figures.of(section, member.code, kpi).value for kpi in _KPIS)


def _row(figures: Figures, section: str, code: str, name: str) -> tuple[Cell, ...]:
    return (name, *(cell(figures.of(section, code, kpi)) for kpi in _KPIS))
