"""Write the Jiangxi platform's folders to disk once, then serve them read-only over SFTP."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncssh

from simulator import figures
from simulator.faults.registry import Faults
from simulator.faults.sftp_tree import Control, Table
from simulator.scenario import day_hash
from simulator.systems import Rows, Systems

HEADERS = {
    "platforms": "平台编码 平台名称 平台类型 经营者名称 统一社会信用代码 住所地代码 是否辖区平台 启用日期 停用日期",
    "inspections": "检查编号 检查日期 检查方式 对象类型 载体编号 平台编码 区划代码 检查结果 任务编号 处理条数",
    "platform_checks": "检查编号 专项行动 平台编码 检查方式 检查日期 机构代码",
    "guidance_actions": "编号 类型 日期 平台编码 企业名称 统一社会信用代码 区划代码 机构代码 内容 整改期限 整改完成日期",
    "platform_reviews": "问题编号 平台编码 专项行动 发现方式 问题类别 问题描述 发现日期 整改完成日期",
    "leads": "线索编号 来源 外部编号 发现时间 平台编码 店铺名称 链接 经营者 统一社会信用代码 区划代码 违法类型 商品类别 描述 承办机构 状态 "
    "签收时间 反馈时间 处理结果 移送对象 办结时间 案号 更新时间",
    "cases": "立案号 线索编号 案由 违法类型 商品类别 案发平台 承办机构 区划代码 程序 立案日期 调查终结日期 告知日期 听证日期 决定日期 "
    "决定书文号 决定类型 送达日期 公示日期 结案日期 批准延期天数 扣除天数 法制审核日期 移送对象 更新时间",
    "case_parties": "立案号 序号 名称 主体类型 统一社会信用代码 证件号码",
    "case_penalties": "立案号 序号 当事人序号 处罚种类 金额(元) 缴纳日期 实缴金额(元) 法律依据",
}
DATE_STYLES = ("{0:%Y-%m-%d}", "{0.year}/{0.month}/{0.day}", "{0:%Y%m%d}", "{0.year}年{0.month}月{0.day}日")
BRACKETS = ("〔{}〕", "[{}]", "({})", "（{}）")


def write_tree(systems: Systems, root: Path, faults: Faults) -> int:
    """Write the folder of every day.

    Returns:
        The number of files.
    """
    return sum(_write_day(systems, root, day, faults) for day in systems.scenario.served_days())


def _write_day(systems: Systems, root: Path, day: date, faults: Faults) -> int:
    folder = root / "export" / f"{day:%Y%m%d}"
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for dataset, rows in systems.jiangxi(day).items():
        is_resent = day_hash("resent", dataset, day) % 365 < figures.RESENT_DAYS
        versions = {1: rows[:-1], 2: rows} if is_resent else {1: rows}
        for seq, version in faults.strike("versions", f"jiangxi.{dataset}", day, versions).items():
            count += _write_export(folder, dataset, day, seq, version, faults)
    if not ("sftp_no_ready" in faults and day == systems.scenario.served_to):
        (folder / "_READY").touch()
    return count + 1


def _write_export(folder: Path, dataset: str, day: date, seq: int, rows: Rows, faults: Faults) -> int:
    name, what = f"jx_{dataset}_{day:%Y%m%d}_{seq:02d}", f"jiangxi.{dataset}"
    table = faults.strike("table", what, day, render_table(dataset, rows))
    content = faults.strike("bytes", what, day, _encoded(table))
    (folder / f"{name}.csv").write_bytes(faults.strike("transit", what, day, content))
    if "sftp_missing_ctl" in faults and dataset == "cases":
        return 1
    control = Control(
        len(rows), hashlib.sha256(content).hexdigest(), _amount(table) if dataset == "case_penalties" else None
    )
    control = faults.strike("control", what, day, control)
    amount = "" if control.amount is None else f"{control.amount:.2f}"
    (folder / f"{name}.ctl").write_text(f"{name}.csv|{control.rows}|{control.sha256}|{amount}\n")
    return 2


def render_table(dataset: str, rows: Rows) -> Table:
    """Return the table of a dataset, with Chinese headers and with dates in the spellings that occur in practice."""
    headers = HEADERS[dataset].split()
    cells = [
        [_cell(header, row.get(header), day_hash(dataset, number, *row.values())) for header in headers]
        for number, row in enumerate(rows)
    ]
    return Table(headers, cells)


def _encoded(table: Table) -> bytes:
    """Return the table as CSV, in GB18030 with CRLF."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([table.headers, *table.rows])
    return text.getvalue().encode("gb18030")


def _amount(table: Table) -> float:
    """Return the sum of the table's money in yuan, also where the header names another unit."""
    column = next(index for index, header in enumerate(table.headers) if header.startswith("金额"))
    scale = 10_000 if "万元" in table.headers[column] else 1
    return sum(float(row[column].replace(",", "") or 0) for row in table.rows) * scale


def _cell(header: str, value: Any, variant: int) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return DATE_STYLES[variant % 4].format(value)
    if header in ("立案号", "案号"):
        return _case_no_variant(str(value), variant)
    return str(value)


def _case_no_variant(case_no: str, variant: int) -> str:
    """Return a case number as people type it: with any brackets, and sometimes with leading zeros."""
    head, rest = case_no.split("〔")
    year, tail = rest.split("〕")
    number = f"{int(tail.removesuffix('号')):04d}号" if variant % 5 == 0 else tail
    return head + BRACKETS[variant % 4].format(year) + number


class _Server(asyncssh.SSHServer):
    """An SSH server that accepts one user."""

    def __init__(self, user: str, password: str) -> None:
        self._user, self._password = user, password

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (self._user, self._password)


class _ReadOnly(asyncssh.SFTPServer):
    """An SFTP server for one folder. Every write fails, because the files are a system's exports."""

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        if pflags & (asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC | asyncssh.FXF_APPEND):
            raise asyncssh.SFTPPermissionDenied("read-only")
        return super().open(path, pflags, attrs)

    def remove(self, path: bytes) -> None:
        raise asyncssh.SFTPPermissionDenied("read-only")


async def start_sftp(
    root: Path, host_key: asyncssh.SSHKey, user: str, password: str, interface: str, port: int
) -> asyncssh.SSHAcceptor:
    """Serve the folders read-only."""
    return await asyncssh.listen(
        interface,
        port,
        server_factory=lambda: _Server(user, password),
        server_host_keys=[host_key],
        sftp_factory=lambda channel: _ReadOnly(channel, chroot=str(root).encode()),
        allow_scp=False,
    )
