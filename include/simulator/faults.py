"""Faults of the sources that can be switched on by name."""

from __future__ import annotations

FAULTS: dict[str, str] = {
    "token_expiry_mid_export": "每个令牌只能用 5 次 | each token serves five requests only",
    "rate_limited": "每 7 个请求有一个 429 | every seventh request answers 429 with Retry-After",
    "server_error_503": "每 9 个请求有一个 503 | every ninth request answers 503 with Retry-After",
    "bad_login": "登录被拒 | the login is refused",
    "http_down": "接口全部 500 | every request answers 500",
    "page_not_json": "线索页不是 JSON | pages of leads are no JSON",
    "total_mismatch": "线索声明总数多 1 | leads declare one row more than they have",
    "export_changes_midway": "名录第一次读取时序号改变 | the roster's sequence number changes while it is read",
    "not_ready": "最后一天未生成 | the last day is not generated yet",
    "sftp_no_ready": "最后一天没有 _READY | the last day's folder has no _READY",
    "sftp_wrong_hash": "线索 CSV 与控制文件哈希不符 | the leads' control file declares another hash",
    "sftp_missing_ctl": "案件缺控制文件 | cases come without their control file",
    "sftp_bad_encoding": "检查记录是 UTF-8 带坏字节 | inspections have bytes that are no GB18030",
    "sftp_missing_column": "案件缺列 | cases lack a required column",
    "sftp_extra_column": "案件多列 | cases have a column that nobody knows",
    "ctl_rows_off_by_one": "处罚项行数声明多 1 | penalties declare one row more",
    "ctl_amount_off": "处罚项金额声明多 1 元 | penalties declare one yuan more",
    "uscc_scientific_notation": "信用代码成科学计数 | a USCC comes in scientific notation",
    "cover_sheet_mismatch": "汇总表多 1 条 | the cover sheet declares one lead more",
    "xlsx_truncated": "工作簿被截断 | the workbook is cut off",
    "evidence_wrong_hash": "截图哈希不符 | the list names another hash of a screenshot",
}
"""Name → what it does, zh | en."""


def check_names(names: frozenset[str]) -> frozenset[str]:
    """Return the names if all are known.

    Raises:
        ValueError: some are not.
    """
    if unknown := sorted(names - FAULTS.keys()):
        raise ValueError(f"unknown faults {unknown}; there are {sorted(FAULTS)}")
    return names
