"""The faults of the Jiangxi platform: in its tables, its files and its control files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from simulator.faults.registry import fault, server_fault

for _name, _told in {
    "sftp_no_ready": "最后一天没有 _READY | the last day's folder has no _READY",
    "sftp_missing_ctl": "案件缺控制文件 | cases come without their control file",
}.items():
    server_fault("jiangxi", _name, _told)

HUGE = 200 * 2**20


@dataclass(frozen=True)
class Table:
    """The content of a CSV file before it is written; all cells are texts."""

    headers: list[str]
    rows: list[list[str]]

    def with_cell(self, header: str, text: str, row: int = 0) -> Table:
        """Return the table with one changed cell."""
        column = self.headers.index(header)
        rows = [list(cells) for cells in self.rows]
        rows[row][column] = text
        return replace(self, rows=rows)

    def with_column(self, old: str, new: str | None) -> Table:
        """Return the table with one column renamed or removed."""
        column = self.headers.index(old)
        if new is not None:
            return replace(self, headers=[new if header == old else header for header in self.headers])
        return Table([h for h in self.headers if h != old], [row[:column] + row[column + 1 :] for row in self.rows])


@dataclass(frozen=True)
class Control:
    """The totals in a control file; `amount` is null where the dataset has no money."""

    rows: int
    sha256: str
    amount: float | None


# versions ------------------------------------------------------------------------------------------------------------


@fault("jiangxi", "inspections", "versions", "旧序号晚于新序号到达 | an older sequence comes after a newer one")
def older_sequence_later(versions: dict[int, list[Any]]) -> dict[int, list[Any]]:
    rows = versions[max(versions)]
    return {2: rows, 1: rows[:-1]}


@fault("jiangxi", "inspections", "versions", "同一导出重发 | the same export is sent again")
def export_sent_again(versions: dict[int, list[Any]]) -> dict[int, list[Any]]:
    rows = versions[max(versions)]
    return {1: rows, 2: rows}


# tables --------------------------------------------------------------------------------------------------------------


@fault("jiangxi", "inspections", "table", "列序改变 | the columns stand in another order")
def columns_reordered(table: Table) -> Table:
    return Table(table.headers[::-1], [row[::-1] for row in table.rows])


@fault("jiangxi", "leads", "table", "来源与区划代码两列的值对调 | the values of two columns are swapped")
def columns_swapped(table: Table) -> Table:
    one, other = table.headers.index("来源"), table.headers.index("区划代码")
    rows = [list(row) for row in table.rows]
    for row in rows:
        row[one], row[other] = row[other], row[one]
    return replace(table, rows=rows)


@fault("jiangxi", "cases", "table", "案件缺列 | cases lack a required column")
def sftp_missing_column(table: Table) -> Table:
    return table.with_column("立案日期", None)


@fault("jiangxi", "cases", "table", "案件多列 | cases have a column that nobody knows")
def sftp_extra_column(table: Table) -> Table:
    return Table([*table.headers, "承办人备注"], [[*row, "待补"] for row in table.rows])


@fault("jiangxi", "inspections", "table", "日期五种写法 | dates in five spellings")
def date_spellings(table: Table) -> Table:
    column = table.headers.index("检查日期")
    digits = "".join(sign for sign in table.rows[0][column] if sign.isdigit())
    day = table.rows[0][column]
    year, month, date = (digits[:4], digits[4:6], digits[6:]) if len(digits) == 8 else ("", "", "")
    spellings = (
        f"{year}-{month}-{date}",
        f"{year}/{month}/{date}",
        digits,
        f"{year}年{month}月{date}日",
        f"{year}.{month}.{date}",
    )
    cells = spellings if year else (day,)
    return replace(
        table, rows=[[*row[:column], cells[n % len(cells)], *row[column + 1 :]] for n, row in enumerate(table.rows)]
    )


@fault("jiangxi", "inspections", "table", "2月30日 | a day that the calendar lacks")
def february_30(table: Table) -> Table:
    return table.with_cell("检查日期", "2023年2月30日")


@fault("jiangxi", "inspections", "table", "未知的检查结果 | a result that nobody knows")
def unknown_code(table: Table) -> Table:
    return table.with_cell("检查结果", "口头教育")


@fault("jiangxi", "guidance_actions", "table", "文本含换行、引号和逗号 | line breaks, quotes and commas in a text")
def awkward_text(table: Table) -> Table:
    return table.with_cell("内容", '第一行,\r\n第二行 "引号"\r\n第三行')


@fault("jiangxi", "guidance_actions", "table", "文本像公式 | a text that a spreadsheet takes for a formula")
def formula_injection(table: Table) -> Table:
    return table.with_cell("内容", "=cmd|' /C calc'!A0").with_cell("区划代码", "=1+1")


@fault("jiangxi", "case_penalties", "table", "金额列以万元计 | the amounts are headed 万元")
def amount_headed_wan(table: Table) -> Table:
    column = table.headers.index("金额(元)")
    rows = [[*row[:column], f"{float(row[column] or 0) / 10_000:.6f}", *row[column + 1 :]] for row in table.rows]
    return replace(table, rows=rows).with_column("金额(元)", "金额(万元)")


@fault("jiangxi", "case_penalties", "table", "金额带千分位 | amounts with separators of thousands")
def amount_separators(table: Table) -> Table:
    column = table.headers.index("金额(元)")
    return replace(table, rows=[[*r[:column], f"{float(r[column] or 0):,.2f}", *r[column + 1 :]] for r in table.rows])


@fault("jiangxi", "case_penalties", "table", "金额为负 | a negative amount")
def amount_negative(table: Table) -> Table:
    return table.with_cell("金额(元)", "-5000.00")


@fault("jiangxi", "case_penalties", "table", "金额荒谬 | an absurd amount")
def amount_absurd(table: Table) -> Table:
    return table.with_cell("金额(元)", "99999999999.00").with_cell("处罚种类", "罚款")


@fault("jiangxi", "case_penalties", "table", "以万元填写元 | a fine typed in 万元 under a heading of 元")
def amount_typed_in_wan(table: Table) -> Table:
    return table.with_cell("金额(元)", "5.00").with_cell("处罚种类", "罚款")


@fault("jiangxi", "leads", "table", "立案而无案件 | a lead closed by 立案 without a case")
def filed_without_case(table: Table) -> Table:
    closed = table.with_cell("状态", "已办结").with_cell("处理结果", "立案").with_cell("案号", "")
    when = table.rows[0][table.headers.index("更新时间")]
    return closed.with_cell("反馈时间", when).with_cell("办结时间", when).with_cell("外部编号", "")


@fault("jiangxi", "cases", "table", "案件引用无人知晓的线索 | a case that names a lead that no system knows")
def case_of_unknown_lead(table: Table) -> Table:
    return table.with_cell("线索编号", "JX-NOBODY-KNOWS")


@fault("jiangxi", "cases", "table", "案件先于其线索 | a case that comes before its lead (with `lead_of_earlier_case`)")
def case_before_its_lead(table: Table) -> Table:
    return table.with_cell("线索编号", "WJ-COMES-LATER")


@fault("jiangxi", "cases", "table", "一百多年前立案 | a date long before any of it")
def date_long_ago(table: Table) -> Table:
    return table.with_cell("立案日期", "1900-01-01")


# files: the control file fits what is written ------------------------------------------------------------------------


@fault("jiangxi", "platform_checks", "bytes", "带 BOM | a byte-order mark before the header")
def byte_order_mark(content: bytes) -> bytes:
    return "\ufeff".encode("gb18030") + content


@fault("jiangxi", "platform_reviews", "bytes", "UTF-8 编码 | the file is UTF-8")
def utf8_file(content: bytes) -> bytes:
    return content.decode("gb18030").encode()


@fault("jiangxi", "inspections", "bytes", "检查记录带坏字节 | inspections have bytes that are no GB18030")
def sftp_bad_encoding(content: bytes) -> bytes:
    return content + b"\xff\xff\r\n"


@fault("jiangxi", "platform_reviews", "bytes", "含 NUL 字节 | NUL bytes")
def nul_bytes(content: bytes) -> bytes:
    return content + b"\x00\x00\x00\r\n"


@fault("jiangxi", "platform_checks", "bytes", "在引号中截断 | cut off within quotes")
def csv_cut_off(content: bytes) -> bytes:
    return content + '"写到一半'.encode("gb18030")


@fault("jiangxi", "platform_checks", "bytes", "末尾有合计行 | a totals row at the end")
def csv_totals_row(content: bytes) -> bytes:
    return content + "合计,,,,,\r\n".encode("gb18030")


@fault("jiangxi", "inspections", "bytes", "末行列数不足 | a line with too few fields")
def short_line(content: bytes) -> bytes:
    return content + "JC-SHORT,2023-02-02\r\n".encode("gb18030")


@fault("jiangxi", "platform_reviews", "bytes", "单元格 200 MB | a cell of 200 MB")
def huge_cell(content: bytes) -> bytes:
    return content + b'"' + b"x" * HUGE + b'"\r\n'


# control files -------------------------------------------------------------------------------------------------------


@fault("jiangxi", "case_penalties", "control", "处罚项行数声明多 1 | penalties declare one row more")
def ctl_rows_off_by_one(control: Control) -> Control:
    return replace(control, rows=control.rows + 1)


@fault("jiangxi", "case_penalties", "control", "处罚项金额声明多 1 元 | penalties declare one yuan more")
def ctl_amount_off(control: Control) -> Control:
    return replace(control, amount=(control.amount or 0) + 1)


@fault("jiangxi", "leads", "control", "线索 CSV 与控制文件哈希不符 | the leads' control file declares another hash")
def sftp_wrong_hash(control: Control) -> Control:
    return replace(control, sha256="ab" * 32)


# on the way ----------------------------------------------------------------------------------------------------------


@fault("jiangxi", "case_parties", "transit", "传输中断 | half of the file is lost on the way")
def transfer_cut_off(content: bytes) -> bytes:
    return content[: len(content) // 2]
