"""Set an official document of a Chinese authority (GB/T 9704-2012): page, fonts, line grid, page numbers.

The document names the fonts that government offices have, and a replacement for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.opc.oxml import serialize_part_xml
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Length, Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle

# 天头 37 mm, 订口 28 mm, 版心 156 mm × 225 mm, 22 lines of 28 signs
TOP, BOTTOM, LEFT, RIGHT = Mm(37), Mm(35), Mm(28), Mm(26)
TEXT_WIDTH = Mm(156)
LINE = Pt(28.9)
BODY_SIZE = Pt(16)  # 3号
TITLE_SIZE = Pt(22)  # 2号
TABLE_SIZE = Pt(10.5)  # 5号
SMALL_SIZE = Pt(9)  # 小5号
CAPTION_SIZE = Pt(12)  # 小4号
PAGE_NUMBER_SIZE = Pt(14)  # 4号
RED = RGBColor(0xE6, 0x00, 0x12)

TITLE_FONT, BODY_FONT, HEAD_FONT, SUBHEAD_FONT, NUMBER_FONT = (
    "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体",
)  # fmt: skip
LATIN_FONT = "Times New Roman"
# the font to use if the office's font is missing; and the family, for a program that has neither
_STAND_INS = {
    TITLE_FONT: ("华文中宋", "roman"),
    BODY_FONT: ("仿宋", "modern"),
    HEAD_FONT: ("SimHei", "swiss"),
    SUBHEAD_FONT: ("楷体", "script"),
    NUMBER_FONT: ("SimSun", "roman"),
}


_NOTHING = Pt(0)


@dataclass(frozen=True)
class Look:
    """How a style looks.

    Attributes:
        indent: the indent of the first line, in Chinese characters.
        line: the line spacing; if null, the font's own.
        on_grid: whether its lines snap to the line grid of the page.
    """

    font: str
    size: Length
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.LEFT
    indent: int = 0
    line: Length | None = LINE
    before: Length = _NOTHING
    after: Length = _NOTHING
    keep_with_next: bool = False
    on_grid: bool = True


_LOOKS = {
    "Normal": Look(BODY_FONT, BODY_SIZE, WD_ALIGN_PARAGRAPH.JUSTIFY, indent=2),
    "Title": Look(TITLE_FONT, TITLE_SIZE, WD_ALIGN_PARAGRAPH.CENTER, line=Pt(33), before=LINE, after=LINE),
    "Heading 1": Look(HEAD_FONT, BODY_SIZE, indent=2, keep_with_next=True),
    "Heading 2": Look(SUBHEAD_FONT, BODY_SIZE, indent=2, keep_with_next=True),
    "Caption": Look(HEAD_FONT, CAPTION_SIZE, WD_ALIGN_PARAGRAPH.CENTER, line=Pt(22), on_grid=False),
    "Masthead": Look(TITLE_FONT, Pt(48), WD_ALIGN_PARAGRAPH.CENTER, line=Pt(64)),
    "Masthead Organ": Look(TITLE_FONT, Pt(24), WD_ALIGN_PARAGRAPH.CENTER, line=Pt(36), before=Pt(40), after=Pt(8)),
    "Imprint": Look(BODY_FONT, PAGE_NUMBER_SIZE, line=Pt(26)),
    "Table Text": Look(NUMBER_FONT, TABLE_SIZE, line=Pt(16), on_grid=False),
    "Table Small": Look(NUMBER_FONT, SMALL_SIZE, line=Pt(13), on_grid=False),
    "Page Number": Look(NUMBER_FONT, PAGE_NUMBER_SIZE, line=None, on_grid=False),
    "Figure": Look(
        NUMBER_FONT, TABLE_SIZE, WD_ALIGN_PARAGRAPH.CENTER, line=None, before=Pt(6), keep_with_next=True, on_grid=False
    ),
}


def typeset(document: Document) -> None:
    """Set up a new document: page, styles, fonts and page numbers."""
    _page(document)
    for name, look in _LOOKS.items():
        _style(document, name, look)
    for name in ("Masthead", "Masthead Organ"):
        _paragraph_style(document, name).font.color.rgb = RED
    _font_table(document)
    _theme(document)
    _language(document)
    _page_numbers(document)


def set_font(element: Any, east: str) -> None:
    """Set the fonts of a style or run: one for Chinese text, one for the rest. The theme no longer decides."""
    fonts = element.get_or_add_rPr().get_or_add_rFonts()
    # a theme font in the template takes precedence over a named one
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    for script in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{script}"), LATIN_FONT)
    fonts.set(qn("w:eastAsia"), east)


def _page(document: Document) -> None:
    section = document.sections[0]
    # A4: python-docx's template is US Letter
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = TOP, BOTTOM, LEFT, RIGHT
    # GB/T 9704 puts the page number's dash 7 mm below the text
    section.header_distance, section.footer_distance = Mm(15), Mm(23)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(round(LINE.pt * 20)))


def _paragraph_style(document: Document, name: str) -> ParagraphStyle:
    styles = document.styles
    style = styles[name] if name in styles else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    assert isinstance(style, ParagraphStyle)
    return style


def _style(document: Document, name: str, look: Look) -> None:
    style = _paragraph_style(document, name)
    set_font(style.element, look.font)
    # the template's headings are bold and blue; the standard distinguishes the levels by font only
    style.font.size, style.font.bold, style.font.italic = look.size, False, False
    style.font.color.rgb = RGBColor(0, 0, 0)
    shape = style.paragraph_format
    # widow control would leave pages with fewer than 22 lines
    shape.alignment, shape.keep_with_next, shape.widow_control = look.align, look.keep_with_next, False
    shape.space_before, shape.space_after = look.before, look.after
    if look.line is None:
        shape.line_spacing = 1.0
    else:
        shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, look.line
    _indent(style, look)
    _without_border(style)
    if not look.on_grid:
        # tables and captions have smaller type: on the grid, their lines would stand as far apart as the text's
        off = OxmlElement("w:snapToGrid")
        off.set(qn("w:val"), "0")
        style.element.get_or_add_pPr().insert_element_before(off, "w:spacing", "w:ind", "w:jc", "w:outlineLvl")


def _indent(style: ParagraphStyle, look: Look) -> None:
    indent = style.element.get_or_add_pPr().get_or_add_ind()
    # in characters, so that the indent follows the font size; in points for programs that ignore the former
    indent.set(qn("w:firstLineChars"), str(look.indent * 100))
    indent.set(qn("w:firstLine"), str(round(look.indent * look.size.pt * 20)))


def _without_border(style: ParagraphStyle) -> None:
    properties = style.element.get_or_add_pPr()
    for name in ("w:pBdr", "w:contextualSpacing"):
        element = properties.find(qn(name))
        if element is not None:
            properties.remove(element)


def _font_table(document: Document) -> None:
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/><w:family w:val="{family}"/></w:font>'
        for name, (other, family) in _STAND_INS.items()
    )
    text = f"<w:fonts {nsdecls('w')}>{fonts}</w:fonts>"
    _part(document, "fontTable")._blob = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}'.encode()


def _theme(document: Document) -> None:
    """Set the theme's fonts, so that text without a font of its own, such as a new text box, looks like the rest."""
    part = _part(document, "theme")
    theme = parse_xml(part.blob)
    for kind, east in (("majorFont", HEAD_FONT), ("minorFont", BODY_FONT)):
        for fonts in theme.iter(qn(f"a:{kind}")):
            fonts.find(qn("a:latin")).set("typeface", LATIN_FONT)
            fonts.find(qn("a:ea")).set("typeface", east)
            for script in fonts.iter(qn("a:font")):
                if script.get("script") == "Hans":
                    script.set("typeface", _STAND_INS[east][0])
    part._blob = serialize_part_xml(theme)


def _part(document: Document, kind: str) -> Any:
    relations = document.part.rels.values()
    return next(relation.target_part for relation in relations if relation.reltype.endswith(f"/{kind}"))


def _language(document: Document) -> None:
    defaults = document.styles.element.find(qn("w:docDefaults"))
    run = defaults.find(qn("w:rPrDefault")).find(qn("w:rPr"))
    language = run.find(qn("w:lang"))
    language.set(qn("w:val"), "en-US")
    # a program without these fonts must take the Chinese forms of the characters, not the Japanese ones
    language.set(qn("w:eastAsia"), "zh-CN")


def _page_numbers(document: Document) -> None:
    """Add page numbers `— 1 —` at the outer edge: right on odd pages, left on even ones, one character from the edge."""
    # printed on both sides, the number is at the outer edge of each page
    document.settings.odd_and_even_pages_header_footer = True
    section = document.sections[0]
    for footer, align, side in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT, "right"),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT, "left"),
    ):
        footer.is_linked_to_previous = False
        paragraph = footer.paragraphs[0]
        paragraph.style = _paragraph_style(document, "Page Number")
        paragraph.alignment = align
        paragraph._p.get_or_add_pPr().get_or_add_ind().set(qn(f"w:{side}"), str(round(PAGE_NUMBER_SIZE.pt * 20)))
        paragraph.add_run("— ")
        paragraph._p.append(
            parse_xml(f'<w:fldSimple {nsdecls("w")} w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>')
        )
        paragraph.add_run(" —")
