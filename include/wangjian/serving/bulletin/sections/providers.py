"""六、第三方服务质量: what each monitoring provider delivered, compared with its contract."""

from __future__ import annotations

from decimal import Decimal

from wangjian.serving.bulletin.content import Cell, Column, Missing, Paragraph, Part, Table
from wangjian.serving.bulletin.figures import Figures, Scorecard
from wangjian.serving.bulletin.wording import listed, rounded

_RATES = {
    "accuracy": "准确率",
    "valid": "有效线索率",
    "duplicate": "重复率",
    "complete": "信息完整率",
    "location": "定位准确率",
    "evidence": "证据有效率",
    "on_time": "及时率",
}


def providers(figures: Figures) -> Part:
    """Return the part on providers. It names the providers that have not delivered yet."""
    cards = figures.scorecards
    blocks = [Paragraph(_delivered(figures))]
    if cards:
        blocks.append(Paragraph(_judged(figures)))
    table = (_table(figures),) if cards else ()
    return Part("第三方服务质量", "第三方服务", (*blocks, *table))


def _delivered(figures: Figures) -> str:
    cards = figures.scorecards
    sent = listed(f"{card.provider}{card.submitted}条" for card in cards)
    # from the register, not from the deliveries: a provider that delivered nothing must be named
    missing = [name for name in figures.providers if name not in {card.provider for card in cards}]
    sentences = (
        [f"{figures.month.month}月，第三方服务商报送线索{sum(card.submitted for card in cards)}条，其中{sent}。"]
        if cards
        else []
    )
    if missing:
        sentences.append(f"截至本次发布，尚未收到{listed(missing)}当月交付。")
    return "".join(sentences) or "未登记第三方服务商。"


def _judged(figures: Figures) -> str:
    """Return the agreed values that were missed, and the providers that cannot be judged yet: silence would read as praise."""
    below = [
        f"{card.provider}{_RATES[name]}{_percent(_rate(figures, card, name))}%（约定不低于{_percent(card.thresholds.get(name))}%）"
        for card in figures.scorecards
        for name, meets in card.meets.items()
        if meets is False and isinstance(_rate(figures, card, name), Decimal)
    ]
    waiting = [card.provider for card in figures.scorecards if card.judged < figures.small_base]
    text = f"未达约定值的有：{'；'.join(below)}。" if below else "可判定的各项均达到约定值。"
    if waiting:
        text += f"{listed(waiting)}已判定线索不足{figures.small_base}条，不列准确率。"
    return text


def _table(figures: Figures) -> Table:
    columns = (
        Column("服务商", 1.5, is_text=True),
        Column("报送"),
        Column("已判定", 1.1),
        *map(Column, _RATES.values()),
    )
    rows = tuple(
        (card.provider, card.submitted, card.judged, *(_cell(figures, card, name) for name in _RATES))
        for card in figures.scorecards
    )
    return Table("第三方服务商评分（报送、已判定为条，其余为%）", columns, rows)


def _rate(figures: Figures, card: Scorecard, name: str) -> Cell | None:
    """Return a rate from 0 to 1; suppressed if its base is too small."""
    # accuracy is a share of the judged leads, not of all that were submitted
    base = card.judged if name == "accuracy" else card.submitted
    if base < figures.small_base and card.rates.get(name) is not None:
        return Missing.SUPPRESSED
    return card.rates.get(name)


def _cell(figures: Figures, card: Scorecard, name: str) -> Cell:
    rate = _rate(figures, card, name)
    return _percent(rate) if isinstance(rate, Decimal) else rate or Missing.NONE


def _percent(rate: Cell | None) -> Decimal | Missing:
    return rounded(rate * 100, 1) if isinstance(rate, Decimal) else Missing.NONE
