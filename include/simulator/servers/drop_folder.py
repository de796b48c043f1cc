"""Write the providers' drop folder: real workbooks, CSV files and screenshots, and the file DONE last."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from PIL import Image, ImageDraw

from simulator import figures
from simulator.faults.registry import Faults
from simulator.scenario import day_hash
from simulator.systems import Systems, month_end
from simulator.world.findings import Finding, county_name
from simulator.world.vocabulary import (
    CATEGORY_TEXTS,
    LINK_STATUS_TEXTS,
    PLATFORM_TEXTS,
    PRODUCTS,
    STOREFRONT_TYPE_TEXTS,
    VIOLATIONS,
)

TP_A = [
    "序号",
    "线索编号",
    "监测批次",
    "监测日期",
    "平台名称",
    "载体类型",
    "店铺/网站名称",
    "店铺ID",
    "店铺链接",
    "商品名称",
    "商品链接",
    "价格(元)",
    "销量",
    "经营者名称",
    "统一社会信用代码",
    "注册地址",
    "实际地址",
    "联系电话",
    "所属县区",
    "违法类型",
    "违法内容描述",
    "涉嫌违反条款",
    "商品类别",
    "截图文件名",
    "取证时间",
    "哈希值",
    "备注",
]
TP_B = [
    "clue_id",
    "batch",
    "found_date",
    "platform",
    "media_type",
    "shop",
    "shop_id",
    "shop_url",
    "goods",
    "goods_url",
    "price_wan",
    "merchant",
    "credit_code",
    "county",
    "illegal_type",
    "detail",
    "law",
    "category",
    "screenshot",
    "captured_at",
    "sha256",
]
COVERAGE = [
    "platform",
    "media_type",
    "shop_id",
    "shop",
    "shop_url",
    "county",
    "scanned_at",
    "licence_shown",
    "link_status",
]


@dataclass(frozen=True)
class Delivery:
    """One delivery of a provider: a month's list, or an ad-hoc special list."""

    provider: str
    business_date: date
    task_no: str = ""

    @property
    def period(self) -> str:
        return f"{self.business_date:%Y%m%d}" if self.task_no else f"{self.business_date:%Y%m}"

    @property
    def folder(self) -> str:
        day = self.business_date
        return f"special-{day:%Y%m%d}-{self.task_no}" if self.task_no else f"{day:%Y-%m}"


def write_drop_folder(systems: Systems, root: Path, faults: Faults) -> int:
    """Write the monthly and special deliveries of both providers.

    Returns:
        The number of deliveries.
    """
    deliveries = all_deliveries(systems)
    for delivery in deliveries:
        _write_delivery(systems, root / delivery.provider / delivery.folder, delivery, faults)
    return len(deliveries)


def all_deliveries(systems: Systems) -> list[Delivery]:
    """Yield the monthly deliveries of both providers, then their special deliveries."""
    last = systems.scenario.served_days()[-1]
    months = sorted({month_end(day) for day in systems.scenario.served_days() if month_end(day) <= last})
    deliveries = [Delivery(provider, month) for month in months for provider in ("tp_a", "tp_b")]
    return deliveries + [special for special in _specials(systems) if special.business_date <= last]


def _specials(systems: Systems) -> list[Delivery]:
    """Yield the special deliveries before the big shopping days, in which open findings are checked again."""
    years = range(systems.scenario.start.year, systems.scenario.end.year + 1)
    days = [date(year, month, day) for year in years for month, day in ((6, 12), (11, 8))]
    in_range = [day for day in days if systems.scenario.start <= day]
    return [
        Delivery(provider, day, f"T{day:%Y%m}-{provider[-1].upper()}")
        for day in in_range
        for provider in ("tp_a", "tp_b")
    ]


def found_in(systems: Systems, delivery: Delivery) -> list[tuple[date, Finding]]:
    """Return the entries of a delivery: the day of discovery and the finding."""
    findings = list(systems.provider_findings(delivery.provider))
    day = delivery.business_date
    if not delivery.task_no:
        return [(on, finding) for end, on, finding in findings if end == day]
    still_open = {
        finding.number: finding
        for _, on, finding in findings
        if day - timedelta(days=60) <= on < day and (finding.closed_at is None or finding.closed_at.date() > day)
    }
    return [(day, finding) for finding in still_open.values()]


def _write_delivery(systems: Systems, folder: Path, delivery: Delivery, faults: Faults) -> None:
    (folder / "evidence").mkdir(parents=True, exist_ok=True)
    rows = [
        _unified(delivery, number, day, finding, folder)
        for number, (day, finding) in enumerate(found_in(systems, delivery))
    ]
    what, day = f"third_party.{delivery.provider}.leads", delivery.business_date
    if rows:
        rows = faults.strike("rows", what, day, rows)
        faults.strike("evidence", what, day, folder / "evidence")
    coverage = [] if delivery.task_no else _coverage(systems, delivery.business_date)
    # sometimes a provider sends a list too early and then sends it again
    is_resent = day_hash("resent", delivery.folder, delivery.provider) % 4 == 0
    versions = {"": rows[:-1], "-v2": rows} if is_resent and rows else {"": rows}
    for mark, version in versions.items():
        if delivery.provider == "tp_a":
            _write_workbook(folder / f"网络交易监测线索_{delivery.period}{mark}.xlsx", delivery, version, faults)
        else:
            _write_tp_b(folder, delivery, mark, version, coverage, faults)
    (folder / "DONE").write_text(f"{delivery.business_date + timedelta(days=3)}T10:00:00+08:00\n")


def _write_tp_b(
    folder: Path,
    delivery: Delivery,
    mark: str,
    rows: list[dict[str, Any]],
    coverage: list[dict[str, Any]],
    faults: Faults,
) -> None:
    period, clues = f"{delivery.period}{mark}", folder / f"clues_{delivery.period}{mark}.csv"
    _write_csv(clues, TP_B, rows, "gbk")
    clues.write_bytes(faults.strike("bytes", "third_party.tp_b.leads", delivery.business_date, clues.read_bytes()))
    _write_csv(folder / f"coverage_{period}.csv", COVERAGE, coverage, "utf-8-sig")
    summary = {"clues": len(rows), "coverage": len(coverage)}
    (folder / f"summary_{period}.json").write_text(json.dumps(summary), encoding="utf-8")


def _unified(delivery: Delivery, number: int, discovered: date, finding: Finding, folder: Path) -> dict[str, Any]:
    """Return one row of a list, with the headers of both providers' layouts."""
    base = finding.storefront.base
    provider, period = delivery.provider, delivery.period
    variant = day_hash(provider, delivery.business_date, finding.number)
    image = f"{provider}_{period}_{number:04d}.png"
    digest = _write_screenshot(folder / "evidence" / image, finding, discovered)
    violation = VIOLATIONS[finding.violations[0]]
    platform = PLATFORM_TEXTS.get(base["platform_code"], ("",))
    uscc = base["uscc"] or ""
    captured = datetime(discovered.year, discovered.month, discovered.day, 8, variant % 60)
    common = {
        "lead_no": f"{provider.upper()}-{period}-{number + 1:04d}",
        "batch": f"{period}批次",
        "platform": platform[variant % len(platform)],
        "type": STOREFRONT_TYPE_TEXTS[base["storefront_type"]][variant % 2],
        "shop": base["storefront_name"],
        "shop_id": base["platform_shop_id"] or "",
        "url": base["url"] or "",
        "goods": PRODUCTS.get(finding.category, "商品"),
        "county": county_name(base["business_region_code"] or base["region_code"]),
        "violation": violation.texts[variant % len(violation.texts)],
        "category": CATEGORY_TEXTS[finding.category][0],
    }
    return {
        "序号": number + 1, "线索编号": common["lead_no"], "监测批次": common["batch"], "监测日期": discovered, "平台名称": common["platform"],
        "载体类型": common["type"], "店铺/网站名称": common["shop"], "店铺ID": common["shop_id"], "店铺链接": common["url"],
        "商品名称": common["goods"], "商品链接": "", "价格(元)": 99.5, "销量": variant % 900, "经营者名称": base["operator_name"],
        "统一社会信用代码": uscc, "注册地址": base["address"], "实际地址": base["address"], "联系电话": base["contact_phone"],
        "所属县区": common["county"], "违法类型": common["violation"], "违法内容描述": "页面内容涉嫌违法", "涉嫌违反条款": violation.law,
        "商品类别": common["category"], "截图文件名": image, "取证时间": captured, "哈希值": digest, "备注": "",
        "clue_id": common["lead_no"], "batch": common["batch"], "found_date": discovered, "platform": common["platform"],
        "media_type": common["type"], "shop": common["shop"], "shop_id": common["shop_id"], "shop_url": common["url"],
        "goods": common["goods"], "goods_url": "", "price_wan": "0.00995", "merchant": base["operator_name"], "credit_code": uscc,
        "county": common["county"], "illegal_type": common["violation"], "detail": "页面内容涉嫌违法", "law": violation.law,
        "category": common["category"], "screenshot": image, "captured_at": captured, "sha256": digest,
    }  # fmt: skip


def _write_screenshot(path: Path, finding: Finding, discovered: date) -> str:
    image = Image.new("RGB", (320, 200), (245, 245, day_hash(finding.number) % 255))
    draw = ImageDraw.Draw(image)
    draw.text((12, 12), f"{finding.storefront.storefront_id}\n{discovered}\n{finding.violations[0]}", fill=(20, 20, 20))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def _write_workbook(path: Path, delivery: Delivery, rows: list[dict[str, Any]], faults: Faults) -> None:
    by_county: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_county[row["所属县区"]].append(row)
    book = Workbook()
    cover = book.active
    assert cover is not None
    cover.title = "汇总"
    cover.append(["县区", "线索数"])
    for county, items in sorted(by_county.items()):
        cover.append([county, len(items)])
    cover.append(["合计", len(rows)])
    for number, (county, items) in enumerate(sorted(by_county.items())):
        _write_sheet(book, county, delivery.business_date, items, is_typed=number % 2 == 0)
    day = delivery.business_date
    book.properties.created = datetime(day.year, day.month, day.day)
    book = faults.strike("book", "third_party.tp_a.leads", day, book)
    buffer = io.BytesIO()
    book.save(buffer)
    path.write_bytes(faults.strike("bytes", "third_party.tp_a.leads", day, _without_clock(buffer.getvalue())))


def _without_clock(workbook: bytes) -> bytes:
    """Return the workbook without the time of writing, so that equal scenarios give equal files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", content)
            new.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _write_sheet(book: Workbook, county: str, month: date, items: list[dict[str, Any]], *, is_typed: bool) -> None:
    sheet = book.create_sheet(county)
    sheet["A1"] = f"{month.year}年{month.month}月网络交易监测线索({county})"
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(TP_A))
    for column, header in enumerate(TP_A, start=1):
        sheet.cell(3, column, header)
    for offset, item in enumerate(items):
        _write_row(sheet, 4 + offset, item, is_typed=is_typed)
    sheet.cell(4 + len(items), 1, "合计")
    sheet.cell(4 + len(items), 2, len(items))


def _write_row(sheet: Any, number: int, item: dict[str, Any], *, is_typed: bool) -> None:
    for column, header in enumerate(TP_A, start=1):
        value = item[header]
        if isinstance(value, date) and not isinstance(value, datetime) and not is_typed:
            value = f"{value.year}.{value.month}.{value.day}" if number % 2 else f"{value.month}月{value.day}日"
        cell = sheet.cell(number, column, value)
        if header == "店铺链接" and value:
            cell.hyperlink = value if "://" in value else f"https://{value}"
            cell.value = "链接"


def _coverage(systems: Systems, month: date) -> list[dict[str, Any]]:
    rng = systems.scenario.rng("coverage", month)
    count = max(2, round(figures.COVERAGE_ROWS_PER_MONTH * systems.scenario.scale))
    rows = []
    for storefront in rng.sample(systems.storefronts, min(count, len(systems.storefronts))):
        base = storefront.state(month)
        platform = PLATFORM_TEXTS.get(base["platform_code"], ("",))[0]
        rows.append(
            {
                "platform": platform,
                "media_type": STOREFRONT_TYPE_TEXTS[base["storefront_type"]][0],
                "shop_id": base["platform_shop_id"] or "",
                "shop": base["storefront_name"],
                "shop_url": base["url"] or "",
                "county": county_name(base["business_region_code"] or base["region_code"]),
                "scanned_at": f"{month.replace(day=1 + rng.randrange(27))} 11:00:00",
                "licence_shown": rng.choice(("Y", "Y", "Y", "N", "空")),
                "link_status": LINK_STATUS_TEXTS["OK"],
            }
        )
    return rows


def _write_csv(path: Path, headers: list[str], rows: list[dict[str, Any]], encoding: str) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, headers, extrasaction="ignore", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
