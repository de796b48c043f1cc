"""一、监测概况: how many storefronts are monitored, how many were scanned, how many show their licence."""

from __future__ import annotations

from wangjian.serving.bulletin.cells import cell, number
from wangjian.serving.bulletin.content import Cell, Chart, Column, Paragraph, Part, Table
from wangjian.serving.bulletin.figures import Figures
from wangjian.serving.bulletin.wording import both, figure, figure_text, listed

_COLUMNS = (
    Column("载体类型", 1.3, is_text=True),
    Column("主体数（家）"),
    Column("比上月末增减（家）", 1.3),
    Column("监测覆盖率（%）", 1.2),
    Column("亮照亮证率（%）", 1.2),
)


def overview(figures: Figures) -> Part:
    """Return the overview, with a table of the kinds of storefronts and a chart of the counties."""
    counties = _counties(figures)
    blocks = (
        Paragraph(_watched(figures)),
        Paragraph(_scanned(figures)),
        _kinds(figures),
        counties,
        Chart("各县（市、区）月末监测主体数（家）", counties, (1,), "column"),
    )
    return Part("监测概况", "监测概况", blocks)


def _watched(figures: Figures) -> str:
    stock = figures.total("K01")
    kinds = [
        f"{member.name}{figure_text(figures.of('STOREFRONT_TYPE', member.code, 'K01').value, stock.unit)}"
        for member in figures.ranked("STOREFRONT_TYPE", "K01")
    ]
    return f"截至{figures.month.month}月末，全市监测网络交易主体{figure(stock)}，{both(stock)}。其中，{listed(kinds)}。"


def _scanned(figures: Figures) -> str:
    coverage, shown = figures.total("K02"), figures.total("K04")
    scans = "、".join(
        f"{name}{figure(figures.total(kpi))}"
        for name, kpi in (("网店", "P08"), ("网站", "P10"), ("商品", "P09"), ("网页", "P11"))
    )
    scanned = f"实际监测{figure_text(coverage.numerator, '家')}，" if coverage.numerator is not None else ""
    # the full list of the 1st says which storefronts were scanned in the month before: until then the rate is incomplete
    waiting = "（次月1日全量名录到达前为不完整数）" if figures.is_roster_due else ""
    return (
        f"当月{scanned}监测覆盖率{figure(coverage)}{waiting}，{both(coverage)}；累计监测{scans}。"
        f"被监测主体亮照亮证率{figure(shown)}，{both(shown)}。"
    )


def _kinds(figures: Figures) -> Table:
    members = figures.ranked("STOREFRONT_TYPE", "K01")
    rows = tuple(_row(figures, "STOREFRONT_TYPE", member.code, member.name) for member in members)
    return Table("监测主体构成", _COLUMNS, rows, (_row(figures, "TOTAL", "ALL", "合计"),))


def _counties(figures: Figures) -> Table:
    columns = (Column("县（市、区）", 1.3, is_text=True), *_COLUMNS[1:])
    rows = tuple(_row(figures, "REGION", county.code, county.name) for county in figures.counties)
    return Table("各县（市、区）监测情况", columns, rows, (_row(figures, "TOTAL", "ALL", "合计"),))


def _row(figures: Figures, section: str, code: str, name: str) -> tuple[Cell, ...]:
    stock = figures.of(section, code, "K01")
    # without last month's stock the change is unknown, not the whole stock
    more = None if stock.value is None or stock.last_month is None else stock.value - stock.last_month
    rates = (cell(figures.of(section, code, kpi)) for kpi in ("K02", "K04"))
    return (name, cell(stock), number(more, stock.unit), *rates)
