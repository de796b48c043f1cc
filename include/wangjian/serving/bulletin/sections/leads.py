"""二、线索情况: the leads of the month, by place, platform, violation, category and source, and their outcome."""

from __future__ import annotations

from decimal import Decimal

from wangjian.serving.bulletin.cells import COMPARED, cell, compared_cells, ranking, summed, trend
from wangjian.serving.bulletin.content import Cell, Chart, Column, Heading, Missing, Paragraph, Part, Table
from wangjian.serving.bulletin.figures import Figure, Figures
from wangjian.serving.bulletin.wording import both, figure, figure_text, listed, on_month, rounded

LEADS = "K05_LEADS"
_TOP = 10


def leads(figures: Figures) -> Part:
    """Return the part on leads: the trend; tables by county, platform, violation, category and source; the outcome."""
    months = trend(figures, {"发现线索": LEADS, "核查处置": "P16"}, "各月线索（条）")
    counties = _counties(figures)
    violations = _ranked(figures, "VIOLATION", "违法类型", "未标明类型")
    blocks = (
        Paragraph(_discovered(figures)),
        Chart("各月发现与核查处置的线索（条）", months, (1, 2), "line"),
        Heading("按县（市、区）分布"),
        Paragraph(_most(figures, "REGION", "线索数居前的是")),
        counties,
        Chart("各县（市、区）发现线索（条）", counties, (1,), "column"),
        Heading("按平台分布"),
        Paragraph(_most(figures, "PLATFORM", "涉及线索较多的平台是")),
        _ranked(figures, "PLATFORM", "平台", "无平台（自建网站等）", top=_TOP),
        Heading("按违法类型分布"),
        Paragraph(_most(figures, "VIOLATION", "占比较高的是")),
        violations,
        Chart("主要违法类型线索（条）", violations, (1, 2), "bar", first=8),
        Heading("按商品类别分布"),
        Paragraph(_most(figures, "CATEGORY", "涉及较多的类别是")),
        _ranked(figures, "CATEGORY", "商品类别", "未标明类别"),
        Heading("按来源分布"),
        Paragraph("同一线索多个来源报送的，计入最先发现的来源。"),
        _ranked(figures, "SOURCE", "来源", "来源不明"),
        Heading("核查处置"),
        Paragraph(_outcome(figures)),
        months,
    )
    return Part("线索情况", "线索", blocks)


def _discovered(figures: Figures) -> str:
    discovered, per_thousand = figures.total(LEADS), figures.total("K05_PER_THOUSAND")
    handled = figures.total("P16")
    rate = f"，千户线索率{figure(per_thousand)}" if per_thousand.value is not None else ""
    return (
        f"{figures.month.month}月，各监测渠道发现线索{figure(discovered)}，{both(discovered)}{rate}。"
        f"核查处置线索{figure(handled)}，{on_month(handled)}。"
    )


def _most(figures: Figures, section: str, words: str) -> str:
    total = figures.total(LEADS)
    members = [member for member in figures.ranked(section, LEADS) if member.code != "NONE"][:3]
    if not members or not total.value:
        return "本月未发现线索。"
    parts = [_share(member.name, figures.of(section, member.code, LEADS), total.value) for member in members]
    return f"{words}{listed(parts)}。"


def _share(name: str, part: Figure, total: Decimal) -> str:
    share = rounded((part.value or Decimal(0)) / total * 100, 1)
    return f"{name}（{figure_text(part.value, part.unit)}，占{share}%）"


def _counties(figures: Figures) -> Table:
    columns = (
        Column("县（市、区）", 1.4, is_text=True),
        *COMPARED,
        Column("千家线索（条）", 1.1),
        Column("按时核查率（%）", 1.2),
    )
    rows = tuple(_county(figures, county.code, county.name) for county in figures.counties)
    known = {county.code for county in figures.counties}
    # leads outside of the city, or without a county, still count in the city's total
    outside = [member for member in figures.members.get("REGION", ()) if member.code not in known]
    others = summed(figures, "REGION", outside, LEADS)
    totals = (
        [(*_with_comparison("市外或未明", others), Missing.NONE, Missing.NONE)]
        if others.value or others.last_month
        else []
    )
    totals.append(_county(figures, "ALL", "合计", "TOTAL"))
    return Table("各县（市、区）发现线索（条）", columns, rows, tuple(totals))


def _county(figures: Figures, code: str, name: str, section: str = "REGION") -> tuple[Cell, ...]:
    rates = (cell(figures.of(section, code, kpi)) for kpi in ("K05_PER_THOUSAND", "K06_VERIFIED"))
    return (*_with_comparison(name, figures.of(section, code, LEADS)), *rates)


def _with_comparison(name: str, count: Figure) -> tuple[Cell, ...]:
    return (name, *compared_cells(count))


def _ranked(figures: Figures, section: str, name: str, nameless: str, top: int | None = None) -> Table:
    rows, totals = ranking(figures, section, LEADS, nameless=nameless, top=top)
    caption = f"按{name}发现线索（条）" if top is None else f"按{name}发现线索（条），前{top}位"
    return Table(
        caption,
        (Column(name, 2.2, is_text=True), *COMPARED),
        tuple(_with_comparison(*row) for row in rows),
        tuple(_with_comparison(*row) for row in totals),
    )


def _outcome(figures: Figures) -> str:
    rates = "、".join(
        f"{name}{figure(figures.total(kpi))}"
        for name, kpi in (("按分派月份计的办结率", "K07"), ("办结线索立案率", "K08"), ("属实率", "K09"))
    )
    mean, median = figures.total("K10_MEAN"), figures.total("K10_MEDIAN")
    transferred = [
        f"移送{to}{figure(total)}"
        for to, kpi in (("公安机关", "K16_POLICE"), ("其他部门", "K16_OTHER_AGENCY"), ("外地", "K16_OTHER_REGION"))
        if (total := figures.total(kpi)).value
    ]
    sent = f"；{listed(transferred)}" if transferred else ""
    return (
        f"核查处置线索{figure(figures.total('P16'))}，{rates}{sent}。"
        f"线索从签收到办结平均{figure(mean)}，中位数{figure(median)}（扣除中止时间）。"
    )
