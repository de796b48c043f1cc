"""The bulletin of a published year has the numbers of the marts, and its files open and read well."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from openpyxl import load_workbook

from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.files import sha256_of
from wangjian.core.paths import DataRoot
from wangjian.publishing import open_published
from wangjian.serving import bulletin
from wangjian.serving.bulletin import write_bulletin
from wangjian.serving.bulletin.compose import compose
from wangjian.serving.bulletin.content import Bulletin, Cell, Missing, Paragraph, Table
from wangjian.serving.bulletin.figures import Figures, read_figures
from wangjian.state.audit_log import records

pytestmark = pytest.mark.slow

MONTH = date(2024, 11, 1)
IN_MONTH = "between date '2024-11-01' and date '2024-11-30'"
Ask = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def figures(year_2024: DataRoot) -> Figures:
    return read_figures(year_2024, MONTH)


@pytest.fixture(scope="module")
def issue(figures: Figures) -> Bulletin:
    return compose(figures)


@pytest.fixture
def ask(year_2024: DataRoot) -> Ask:
    """Return a function that queries the marts and returns the second column by the first."""

    def answer(query: str) -> dict[str, Any]:
        with open_published(year_2024) as connection:
            return dict(connection.execute(query).fetchall())

    return answer


def table(issue: Bulletin, caption: str) -> dict[str, tuple[Cell, ...]]:
    """Return the rows of a table by their first cell."""
    for part in (*issue.parts, *issue.appendices):
        for block in part.blocks:
            if isinstance(block, Table) and block.caption == caption:
                return {str(row[0]): row[1:] for row in (*block.rows, *block.totals)}
    raise AssertionError(f"there is no table {caption}")


def column(issue: Bulletin, caption: str, at: int) -> dict[str, Cell]:
    return {name: row[at] for name, row in table(issue, caption).items()}


def having(cells: dict[str, Cell]) -> dict[str, Cell]:
    """Return the cells without totals and zeros."""
    return {
        name: cell for name, cell in cells.items() if name not in ("合计", "其余") and cell not in (0, Missing.NONE)
    }


def _floats(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(*key, None if value is None else float(value)) for *key, value in rows]


def percent(value: Any) -> Decimal:
    return Decimal(value).quantize(Decimal("0.1"), ROUND_HALF_UP)


def test_leads_are_those_of_the_facts(issue: Bulletin, ask: Ask) -> None:
    def counted(name: str, joined: str) -> dict[str, Any]:
        return ask(
            f"select {name}, count(*) from marts.fct_lead as leads left join {joined} "
            f"where cast(discovered_at as date) {IN_MONTH} group by all"
        )

    by_violation = counted("violation_name", "marts.dim_violation_type as v on leads.violation_code = v.violation_code")
    assert having(column(issue, "按违法类型发现线索（条）", 0)) == by_violation
    by_category = counted("category_name", "marts.dim_product_category as c on leads.category_code = c.category_code")
    assert having(column(issue, "按商品类别发现线索（条）", 0)) == by_category
    sources = "(values ('five_level', '五级贯通系统'), ('jiangxi', '江西专版'), ('third_party', '第三方服务')) as s (code, name)"
    assert having(column(issue, "按来源发现线索（条）", 0)) == counted(
        "s.name", f"{sources} on leads.first_source = s.code"
    )
    by_county = counted(
        "case when r.region_level = 4 and not r.is_inferred then r.region_name else '市外或未明' end",
        "marts.dim_region as r on leads.region_code = r.region_code",
    )
    assert having(column(issue, "各县（市、区）发现线索（条）", 0)) == by_county
    by_platform = ask(
        f"""
        select coalesce(names.platform_name, '无平台（自建网站等）'), count(*)
        from marts.fct_lead as leads
        left join (
            select platform_code, max_by(platform_name, valid_from) as platform_name
            from marts.dim_platform where valid_from <= date '2024-11-30' group by platform_code
        ) as names on leads.platform_code = names.platform_code
        where cast(discovered_at as date) {IN_MONTH}
        group by all
        """
    )
    printed = having(column(issue, "按平台发现线索（条），前10位", 0))
    assert printed.items() <= by_platform.items()
    assert len(printed) >= min(len(by_platform), 10)
    total = sum(by_county.values())
    for caption in ("按违法类型发现线索（条）", "按平台发现线索（条），前10位", "各县（市、区）发现线索（条）"):
        cells = column(issue, caption, 0)
        assert cells["合计"] == total
        assert sum(cell for name, cell in cells.items() if name != "合计") == total  # type: ignore[misc]


def test_the_month_before_is_that_of_the_facts(issue: Bulletin, ask: Ask) -> None:
    last = ask(
        "select coalesce(region_name, ''), count(*) from marts.fct_lead left join marts.dim_region using (region_code) "
        "where cast(discovered_at as date) between date '2024-10-01' and date '2024-10-31' and region_level = 4 group by all"
    )
    printed = column(issue, "各县（市、区）发现线索（条）", 1)
    assert {name: cell for name, cell in printed.items() if name in last} == last
    now, before, growth, year_ago, on_year = table(issue, "各县（市、区）发现线索（条）")["合计"][:5]
    assert growth == percent((now - before) / before * 100)  # type: ignore[operator]
    # the data do not have the year before
    assert (year_ago, on_year) == (Missing.NONE, Missing.NONE)


def test_cases_and_penalties_are_those_of_the_facts(issue: Bulletin, ask: Ask) -> None:
    months = ask(
        "select strftime(decided_on, '%-m月'), (count(distinct c.case_no), sum(p.amount) filter (where is_fine or is_confiscation)) "
        "from marts.fct_case as c left join marts.fct_case_penalty as p using (case_no) where year(decided_on) = 2024 group by all"
    )
    printed = table(issue, "各月案件与罚没")
    compared = 0
    for month, (cases, amount) in months.items():
        if month in printed:
            money = (Decimal(amount or 0) / 10000).quantize(Decimal("0.01"), ROUND_HALF_UP)
            assert (printed[month][1], Decimal(printed[month][2])) == (cases, money)  # type: ignore[arg-type]
            compared += 1
    assert compared >= 5
    filed = ask(f"select 1, count(*) from marts.fct_case where filed_on {IN_MONTH}")[1]  # type: ignore[index]
    assert table(issue, "全市主要指标")["立案数"][1] == filed


def test_storefronts_guidance_and_deadlines_are_those_of_the_facts(issue: Bulletin, ask: Ask) -> None:
    stock = ask(
        "select region_name, (count(*), count(*) filter (where is_scanned)) from marts.fct_storefront_monthly "
        "left join marts.dim_region using (region_code) where month_start = date '2024-11-01' and is_active group by all"
    )
    printed = table(issue, "各县（市、区）监测情况")
    assert {name: cells[0] for name, cells in printed.items() if name != "合计"} == {
        name: n for name, (n, _) in stock.items()
    }
    for name, (active, scanned) in stock.items():
        assert printed[name][2] == (percent(Decimal(scanned) / active * 100) if active >= 5 else Missing.SUPPRESSED)
    actions = ask(f"select action_type, count(*) from marts.fct_guidance_action where acted_on {IN_MONTH} group by all")
    guided = column(issue, "行政指导与平台检查", 0)
    assert guided["约谈次数（次）"] == actions.get("INTERVIEW", 0)
    assert guided["责令改正份数（份）"] == actions.get("RECTIFICATION_NOTICE", 0)
    overdue = ask(
        """
        select coalesce(replace(org_name, '市场监督管理局', '局'), '尚未分派'), count(*)
        from marts.fct_lead as leads left join marts.dim_organization as organs on leads.handling_org_code = organs.org_code
        where cast(discovered_at as date) <= date '2024-11-30' and verify_due_on < date '2024-11-30'
            and (verify_ended_at is null or cast(verify_ended_at as date) > date '2024-11-30')
        group by all
        """
    )
    assert having(column(issue, "各承办机构时限情况", 0)) == overdue
    assert column(issue, "各承办机构时限情况", 0)["合计"] == sum(overdue.values())


def test_providers_are_those_of_the_submissions(issue: Bulletin, ask: Ask) -> None:
    sent = ask(
        "select provider_name, count(*) from marts.fct_lead_submission left join marts.dim_provider using (provider_code) "
        f"where source_code = 'third_party' and business_date {IN_MONTH} group by all"
    )
    assert column(issue, "第三方服务商评分（报送、已判定为条，其余为%）", 0) == sent


def test_rates_on_a_small_base_are_suppressed(figures: Figures, issue: Bulletin) -> None:
    small = [key for key, figure in figures.rows.items() if figure.is_suppressed]
    assert small
    assert all(figures.rows[key].value is None and (figures.rows[key].denominator or 9) < 5 for key in small)
    kept = [figure for figure in figures.rows.values() if figure.unit == "%" and figure.value is not None]
    assert all(figure.denominator is None or figure.denominator >= 5 for figure in kept)
    cells = [cell for row in table(issue, "各承办机构时限情况").values() for cell in row]
    assert Missing.SUPPRESSED in cells


def test_the_text_says_the_date_of_its_data_and_names_no_person(
    figures: Figures, issue: Bulletin, year_2024: DataRoot
) -> None:
    text = "".join(block.text for part in issue.parts for block in part.blocks if isinstance(block, Paragraph))
    assert f"发布批次{figures.publication.publication_id}" in text
    assert "数据截至2024年12月31日" in text
    assert "本次发布无暂缓数据集" in text
    with open_published(year_2024) as connection:
        names = connection.execute(
            "select operator_name from marts.dim_operator where operator_name is not null"
        ).fetchall()
    assert len(names) > 100
    assert not [name for (name,) in names if len(name) > 1 and name in text]


def test_the_document_is_set_as_an_official_one(year_2024: DataRoot, tmp_path: Path, issue: Bulletin) -> None:
    (path,) = write_bulletin(year_2024, MONTH, tmp_path, ["docx"], issued_on=date(2024, 12, 5)).files
    document = Document(str(path))
    section = document.sections[0]
    millimetres = [round(length.mm) for length in (section.page_width, section.page_height, section.top_margin,
                   section.bottom_margin, section.left_margin, section.right_margin)]  # type: ignore[union-attr]  # fmt: skip
    assert millimetres == [210, 297, 37, 35, 28, 26]
    fonts = {
        name: document.styles[name].element.rPr.rFonts.get(qn("w:eastAsia"))
        for name in ("Normal", "Title", "Heading 1", "Heading 2")
    }
    assert fonts == {
        "Normal": "仿宋_GB2312",
        "Title": "方正小标宋简体",
        "Heading 1": "黑体",
        "Heading 2": "楷体_GB2312",
    }
    assert (document.styles["Normal"].font.size.pt, document.styles["Title"].font.size.pt) == (16, 22)  # type: ignore[union-attr]
    footers = [footer.paragraphs[0]._p.xml for footer in (section.footer, section.even_page_footer)]
    assert all(' w:instr=" PAGE "' in xml and "— " in xml for xml in footers)
    headings = [paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Heading 1"]  # type: ignore[union-attr]
    assert headings == [
        "一、监测概况", "二、线索情况", "三、案件与罚没", "四、行政指导与平台检查", "五、时限与超期", "六、第三方服务质量", "七、数据说明",
    ]  # fmt: skip
    assert document.tables[-1].rows[0].cells[1].text == "2024年12月5日印发　"
    parts = {str(part.partname): part for part in document.part.package.iter_parts()}
    charts = [part for name, part in parts.items() if name.startswith("/word/charts/")]
    assert len(charts) == 5
    numbers = load_workbook(io.BytesIO(parts["/word/embeddings/chart1.xlsx"].blob)).active
    counties = {name: cells[0] for name, cells in table(issue, "各县（市、区）监测情况").items() if name != "合计"}
    assert {row[0]: row[1] for row in numbers.iter_rows(min_row=2, values_only=True)} == counties  # type: ignore[union-attr]
    assert all(f"<v>{number}</v>".encode() in parts["/word/charts/chart1.xml"].blob for number in counties.values())


def test_each_file_is_on_record_with_its_hash(year_2024: DataRoot, tmp_path: Path) -> None:
    written = write_bulletin(year_2024, MONTH, tmp_path, ["docx", "xlsx"])
    recorded = {record.file_name: record for record in records(year_2024)[-2:]}
    assert {path.name: sha256_of(path) for path in written.files} == {
        name: one.sha256 for name, one in recorded.items()
    }
    assert {(one.action, one.selection["month"]) for one in recorded.values()} == {("EXPORTED", "2024-11")}
    with open_published(year_2024) as connection:
        of_month = "select count(*) from reports.rpt_monthly_bulletin where month_start = ?"
        count = connection.execute(of_month, [MONTH]).fetchall()[0][0]
    assert {one.row_count for one in recorded.values()} == {count}


def test_the_workbook_holds_all_rows_as_numbers_and_no_formula(
    year_2024: DataRoot, tmp_path: Path, figures: Figures
) -> None:
    (path,) = write_bulletin(year_2024, MONTH, tmp_path, ["xlsx"]).files
    book = load_workbook(path)
    assert [
        cell.coordinate for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    ] == []
    assert sum(len(sheet._charts) for sheet in book) == 5
    rows = list(book["明细"].iter_rows(min_row=2, values_only=True))
    with open_published(year_2024) as connection:
        published = connection.execute(
            "select member_code, kpi_code, case when is_small_base then null else value end "
            "from reports.rpt_monthly_bulletin where month_start = ?",
            [MONTH],
        ).fetchall()
    in_workbook = [(row[1], row[3], None if row[6] == "※" else row[6]) for row in rows]
    assert Counter(_floats(published)) == Counter(_floats(in_workbook))
    counties = {row[0].value: row[1].value for row in book["监测概况"].iter_rows(max_col=2)}
    assert counties["章贡区"] == int(figures.of("REGION", "360702", "K01").value or -1)


def test_the_same_publication_gives_the_same_bytes(year_2024: DataRoot, tmp_path: Path) -> None:
    first, second = (
        [path.read_bytes() for path in write_bulletin(year_2024, MONTH, tmp_path / name, ["docx", "xlsx"]).files]
        for name in ("a", "b")
    )
    assert first == second
    (other,) = write_bulletin(year_2024, date(2024, 10, 1), tmp_path, ["docx"]).files
    assert other.read_bytes() != first[0]


def test_the_pdf_reads_well(year_2024: DataRoot, tmp_path: Path) -> None:
    if bulletin.office() is None or shutil.which("pdftotext") is None:
        pytest.skip("LibreOffice or poppler is not installed: .ci/install-system installs them")
    files = [write_bulletin(year_2024, MONTH, tmp_path / name, ["pdf"]).files[0] for name in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()
    text = subprocess.run(["pdftotext", "-layout", files[0], "-"], capture_output=True, text=True, check=True).stdout
    pages = text.split("\f")
    assert 8 <= len(pages) - 1 <= 30
    assert [f"—{at + 1}—" in page.replace(" ", "") for at, page in enumerate(pages[:-1])] == [True] * (len(pages) - 1)
    plain = text.replace(" ", "").replace("\n", "")
    for words in (
        "网络交易监测月报",
        "2024年第11期",
        "赣州市2024年11月网络交易监测情况",
        "七、数据说明",
        "图5",
        "附件2",
        "指标口径",
    ):
        assert words in plain
    fonts = subprocess.run(["pdffonts", files[0]], capture_output=True, text=True, check=True).stdout
    assert all(" yes yes " in line for line in fonts.splitlines()[2:]), fonts


def test_a_month_without_figures_is_refused(year_2024: DataRoot, tmp_path: Path) -> None:
    with pytest.raises(BadArguments, match="2025-01 has not ended in the data"):
        write_bulletin(year_2024, date(2025, 1, 1), tmp_path)
    with pytest.raises(BadArguments, match=r"no figures of 2023-12 \[first_month=2024-01, last_month=2024-12\]"):
        write_bulletin(year_2024, date(2023, 12, 1), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_libreoffice_the_rest_is_written(
    year_2024: DataRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    written = write_bulletin(year_2024, None, tmp_path)
    assert [path.name for path in written.files] == ["bulletin-2024-12.docx", "bulletin-2024-12.xlsx"]
    assert "LibreOffice" in written.skipped
    with pytest.raises(WangjianError, match=r"not installed.*apt-get install libreoffice"):
        write_bulletin(year_2024, None, tmp_path, ["pdf"])
