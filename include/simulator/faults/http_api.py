"""The faults of the five-level system: in its answers, its pages and its rows."""

from __future__ import annotations

from typing import Any

import orjson

from simulator.faults.registry import fault, server_fault

Rows = list[bytes]
"""The encoded records of an export."""

for _name, _told in {
    "token_expiry_mid_export": "每个令牌只能用 5 次 | each token serves five requests only",
    "rate_limited": "每 7 个请求有一个 429 | every seventh request answers 429 with Retry-After",
    "server_error_503": "每 9 个请求有一个 503 | every ninth request answers 503 with Retry-After",
    "bad_login": "登录被拒 | the login is refused",
    "http_down": "接口全部 500 | every request answers 500",
    "page_not_json": "线索页不是 JSON | pages of leads are no JSON",
    "total_mismatch": "线索声明总数多 1 | leads declare one row more than they have",
    "export_changes_midway": "名录第一次读取时序号改变 | the roster's sequence number changes while it is read",
    "not_ready": "最后一天未生成 | the last day is not generated yet",
}.items():
    server_fault("five_level", _name, _told)


def _changed(rows: Rows, index: int, **values: Any) -> Rows:
    """Return the rows with changed fields in one of them; `None` as a value is JSON's null."""
    row = orjson.loads(rows[index])
    return [*rows[:index], orjson.dumps(row | values), *rows[index + 1 :]]


@fault("five_level", "storefronts", "rows", "全量名录只有一半 | half of the roster is missing")
def roster_half(rows: Rows) -> Rows:
    return rows[: len(rows) // 3]


@fault("five_level", "storefronts", "rows", "全量名录为空 | the roster is empty")
def roster_empty(rows: Rows) -> Rows:
    return rows[:0]


@fault("five_level", "organizations", "rows", "机构为空 | no organ at all")
def organizations_empty(rows: Rows) -> Rows:
    return rows[:0]


@fault("five_level", "scans", "rows", "扫描只有四分之一 | a quarter of the usual scans")
def scans_quarter(rows: Rows) -> Rows:
    return rows[: len(rows) // 4]


@fault("five_level", "scans", "rows", "扫描时间快了一年 | the clock of the scanner runs a year ahead")
def clock_ahead(rows: Rows) -> Rows:
    scanned_at = str(orjson.loads(rows[0])["scanned_at"])
    return _changed(rows, 0, scanned_at=f"{int(scanned_at[:4]) + 1}{scanned_at[4:]}")


@fault("five_level", "scans", "rows", "同一行重复 | a row comes twice")
def row_twice(rows: Rows) -> Rows:
    return [rows[0], *rows]


@fault("five_level", "scans", "rows", "负数网页数 | a negative number of pages")
def negative_count(rows: Rows) -> Rows:
    return _changed(rows, 0, page_count=-3)


@fault("five_level", "lead_events", "rows", "未知的事件类型 | an event type that nobody knows")
def unknown_event_type(rows: Rows) -> Rows:
    return _changed(rows, 0, event_type="LOST")


@fault("five_level", "leads", "rows", "未知的违法类型与商品类别 | violation and category that nobody knows")
def unknown_violation(rows: Rows) -> Rows:
    return _changed(rows, 0, violation_codes=["V99"], category_code="TOYS-UNKNOWN")


@fault("five_level", "leads", "rows", "列表写成文本 | a text where a list belongs")
def list_as_text(rows: Rows) -> Rows:
    return _changed(rows, 0, violation_codes="V01")


@fault("five_level", "leads", "rows", "未知的机构与平台 | an organ and a platform that nobody knows")
def unknown_organ(rows: Rows) -> Rows:
    return _changed(rows, 0, handling_org_code="999999-99", platform_code="NOWHERE")


@fault("five_level", "lead_events", "rows", "事件的线索不存在 | events of a lead that never comes")
def event_without_lead(rows: Rows) -> Rows:
    return _changed(rows, 0, lead_no="WJ-NEVER-CAME")


@fault("five_level", "leads", "rows", "线索晚于其事件 | a lead is left out and comes later than its events")
def lead_after_its_events(rows: Rows) -> Rows:
    return rows[1:]


@fault(
    "five_level",
    "leads",
    "rows",
    "先有案件的线索 | the lead of a case that came before (with `case_before_its_lead`)",
)
def lead_of_earlier_case(rows: Rows) -> Rows:
    return [*rows, orjson.dumps(orjson.loads(rows[0]) | {"lead_no": "WJ-COMES-LATER", "external_ref": None})]


@fault(
    "five_level",
    "storefronts",
    "rows",
    "信用代码小写、全角、字母O代零 | USCC in lower case, in full width, and with O for 0",
)
def uscc_spellings(rows: Rows) -> Rows:
    first, second, third = (orjson.loads(row) for row in rows[:3])
    code = str(next(row["uscc"] for row in map(orjson.loads, rows) if row["uscc"]))
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    spelt = zip((first, second, third), (code.lower(), wide, f"O{code[1:]}"), strict=True)
    return [*(orjson.dumps(row | {"uscc": uscc}) for row, uscc in spelt), *rows[3:]]


@fault("five_level", "monitoring_tasks", "rows", "缺少必需字段 | a required field is missing")
def json_missing_field(rows: Rows) -> Rows:
    return [row.replace(b'"task_name"', b'"task_title"') for row in rows]


@fault("five_level", "monitoring_tasks", "rows", "多出一个字段 | a field that nobody knows")
def json_extra_field(rows: Rows) -> Rows:
    return [row.replace(b'"task_name"', b'"priority":"high","task_name"') for row in rows]


@fault("five_level", "scans", "page", "页中有 NaN | a page with NaN")
def json_nan(page: bytes) -> bytes:
    return page.replace(b'"page_count":', b'"page_count":NaN,"x":', 1)


@fault("five_level", "lead_events", "page", "字段重复 | a field comes twice")
def json_duplicate_keys(page: bytes) -> bytes:
    return page.replace(b'"event_seq":', b'"event_seq":1,"event_seq":', 1)


@fault("five_level", "scans", "page", "嵌套一万层 | nesting 10,000 deep")
def json_deep_nesting(page: bytes) -> bytes:
    return page.replace(b'"link_status":', b'"deep":' + b"[" * 10_000 + b"]" * 10_000 + b',"link_status":', 1)


@fault("five_level", "scans", "page", "孤立的代理项 | a lone surrogate")
def json_lone_surrogate(page: bytes) -> bytes:
    return page.replace(b'"link_status":"', b'"link_status":"\\ud800', 1)


@fault("five_level", "scans", "page", "文本含 NUL | a text with NUL")
def json_nul(page: bytes) -> bytes:
    return page.replace(b'"link_status":"', b'"link_status":"\\u0000', 1)
