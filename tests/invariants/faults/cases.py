"""Every fault of the simulated sources: the step that catches it, its code, and the result for readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["fetch", "rejected", "fails", "quarantined", "warned", "superseded", "harmless", "late"]


@dataclass(frozen=True)
class Case:
    """The expected result of a fault.

    Attributes:
        fault: its name.
        outcome: `fetch`: the connector refuses it and lands nothing; `rejected`: the file is rejected as a whole; `fails`: the
            export fails its controls; `quarantined`: its bad rows are set aside, the others load; `warned`: it loads, and a check
            reports it; `superseded`: the rows are superseded or repeated; `harmless`: it loads normally; `late`: the missing rows
            arrive on another day and are joined then.
        code: the reject, fail or reason code; for a warning, the rule.
        words: words that the message or the published row must hold.
        shown: a query on the published file that must return true; `{day}` is the date with the fault.
    """

    fault: str
    outcome: Outcome
    code: str = ""
    words: str = ""
    shown: str = ""


CASES = (
    # five-level system
    Case("json_nan", "fetch", words="scans"),
    Case("json_lone_surrogate", "fetch", words="scans"),
    Case("json_deep_nesting", "fetch", words="scans"),
    Case("json_nul", "rejected", "UNREADABLE_FILE", "NUL"),
    Case("json_duplicate_keys", "rejected", "UNREADABLE_FILE", "event_seq"),
    Case("json_missing_field", "rejected", "MISSING_COLUMN", "task_name"),
    Case("json_extra_field", "warned", "columns_known", "priority"),
    Case("roster_half", "fails", "VOLUME"),
    Case("roster_empty", "fails", "VOLUME"),
    Case("organizations_empty", "fails", "VOLUME"),
    Case("scans_quarter", "warned", "exports_volume_same_weekday", "dataset=scans"),
    Case("clock_ahead", "quarantined", "AHEAD:scanned_at"),
    Case("negative_count", "quarantined", "RANGE:page_count"),
    Case("row_twice", "superseded"),
    Case("unknown_event_type", "quarantined", "CODE:event_type"),
    Case("unknown_violation", "warned", "codes_known", "V99"),
    Case("list_as_text", "quarantined", "TYPE:violation_codes", "V01"),
    Case("unknown_organ", "warned", "codes_known", "999999-99"),
    Case("event_without_lead", "warned", "five_level_events_lead_known", "WJ-NEVER-CAME"),
    Case(
        "uscc_spellings",
        "harmless",
        shown="select count(*) = 1 from marts.dim_operator where uscc_invalid_reason = 'ALPHABET'",
    ),
    Case(
        "lead_after_its_events",
        "late",
        shown="select count(*) >= 1 and count(lead_key) = count(*) from marts.fct_lead_event where source_lead_no = '{first}'",
    ),
    Case(
        "lead_of_earlier_case",
        "late",
        shown="select count(*) = 1 from marts.bridge_case_lead inner join marts.fct_lead_submission using (lead_key) "
        "where source_lead_no = 'WJ-COMES-LATER'",
    ),
    # Jiangxi platform
    Case("older_sequence_later", "superseded"),
    Case("export_sent_again", "superseded"),
    Case(
        "case_before_its_lead",
        "late",
        shown="select passed or not contains(observed, 'WJ-COMES-LATER') from audit.check_result where rule = 'jiangxi_cases_lead_known'",
    ),
    Case("columns_reordered", "harmless"),
    Case("columns_swapped", "quarantined", "CODE:source_channel,PATTERN:region_code"),
    Case("sftp_missing_column", "rejected", "MISSING_COLUMN", "立案日期"),
    Case("sftp_extra_column", "warned", "columns_known", "承办人备注"),
    Case(
        "date_spellings",
        "harmless",
        shown="select count(*) > 1 from marts.fct_inspection where inspected_on = date '{day}'",
    ),
    Case("february_30", "quarantined", "TYPE:inspected_on", "2023年2月30日"),
    Case("unknown_code", "quarantined", "CODE:result", "口头教育"),
    Case("awkward_text", "harmless"),
    Case("formula_injection", "quarantined", "PATTERN:region_code", "=1+1"),
    Case(
        "amount_headed_wan",
        "harmless",
        # One amount is below fifty yuan: that of the fault `amount_typed_in_wan`.
        shown="select count(*) = 1 from marts.fct_case_penalty where is_fine and amount > 0 and amount < 50",
    ),
    Case("amount_separators", "harmless"),
    Case("amount_negative", "quarantined", "RANGE:amount", "-5000.00"),
    Case("amount_typed_in_wan", "warned", "fct_case_penalty_amount_in_yuan", "amount=5.00"),
    Case("date_long_ago", "quarantined", "RANGE:filed_on", "1900"),
    Case("case_of_unknown_lead", "warned", "jiangxi_cases_lead_known", "JX-NOBODY-KNOWS"),
    Case("filed_without_case", "warned", "fct_lead_filed_has_case", "lead_key="),
    Case("byte_order_mark", "harmless"),
    Case("utf8_file", "rejected", "BAD_ENCODING", "UTF-8"),
    Case("sftp_bad_encoding", "rejected", "BAD_ENCODING", "ffff"),
    Case("nul_bytes", "rejected", "BAD_ENCODING", "NUL"),
    Case("csv_cut_off", "rejected", "UNREADABLE_FILE", "broken CSV"),
    Case("csv_totals_row", "quarantined", "REQUIRED:campaign", "合计"),
    Case("short_line", "quarantined", "ROW_SHAPE", "JC-SHORT"),
    Case("huge_cell", "rejected", "UNREADABLE_FILE", "field limit"),
    Case("ctl_rows_off_by_one", "fails", "CONTROL_ROWS"),
    Case("ctl_amount_off", "fails", "CONTROL_AMOUNT"),
    Case("sftp_wrong_hash", "rejected", "WRONG_HASH", "SHA-256"),
    Case("transfer_cut_off", "rejected", "WRONG_HASH", "SHA-256"),
    # monitoring providers
    Case("uscc_scientific_notation", "quarantined", "USCC_SCIENTIFIC", "9.13607E+17"),
    Case("evidence_wrong_hash", "warned", "fct_evidence_hash_matches", "provider_code=tp_a"),
    Case("evidence_path_traversal", "warned", "fct_evidence_present", "etc/passwd"),
    Case("excel_serial", "harmless"),
    Case(
        "uscc_with_blanks",
        "harmless",
        shown="select count(*) = 0 from marts.dim_operator where uscc like '% %' or uscc_invalid_reason = 'LENGTH'",
    ),
    Case("screenshots_embedded", "warned", "fct_evidence_present", "evidence_file=None"),
    Case("excel_epoch", "quarantined", "RANGE:found_on", "1900-01-01"),
    Case(
        "counties_in_one_cell",
        "harmless",
        shown="select count(*) = 1 from audit.unmapped_text where domain = 'region' and unmapped_text = '章贡区、南康区'",
    ),
    Case(
        "unmapped_text",
        "harmless",
        shown="select count(*) = 1 from audit.unmapped_text where domain = 'violation' and unmapped_text = '前所未闻的违法'",
    ),
    Case("price_separators", "harmless"),
    Case("list_formula", "quarantined", "TYPE:found_on", "=TODAY()"),
    Case("cover_sheet_mismatch", "fails", "CONTROL_ROWS"),
    Case("header_further_down", "harmless"),
    Case("header_missing", "rejected", "MISSING_HEADER", "no header row"),
    Case("one_sheet", "harmless"),
    Case("totals_renamed", "fails", "CONTROL_ROWS"),
    Case("million_blank_rows", "harmless"),
    Case("cell_far_out", "rejected", "TOO_LARGE", "row 1048576"),
    Case("xlsx_truncated", "rejected", "UNREADABLE_FILE", "no readable workbook"),
    Case("zip_bomb", "rejected", "TOO_LARGE", "unpacks to"),
    Case("zip_path_traversal", "harmless"),
    Case("utf16_file", "rejected", "BAD_ENCODING", "NUL"),
    Case("list_cut_off", "fails", "CONTROL_ROWS"),
    Case("list_cut_off_midway", "quarantined", "ROW_SHAPE"),
    Case("evidence_missing", "warned", "fct_evidence_present", "provider_code=tp_b"),
    Case("evidence_unreadable", "warned", "fct_evidence_opens", "provider_code=tp_b"),
    Case("evidence_archive_cut_off", "rejected", "UNREADABLE_EVIDENCE", "neither an image nor a PDF"),
)
BY_NAME = {case.fault: case for case in CASES}
TOGETHER = (
    (
        "uscc_scientific_notation",
        "evidence_wrong_hash",
        "evidence_path_traversal",
        "excel_serial",
        "excel_epoch",
        "counties_in_one_cell",
        "unmapped_text",
        "uscc_with_blanks",
    ),
    ("price_separators", "list_formula"),
)
"""Faults that strike rows of their own in one and the same list."""

ELSEWHERE = {
    "token_expiry_mid_export": "tests/ingestion/fetching: the connector goes on with a new token",
    "rate_limited": "tests/ingestion/fetching: it waits as long as the source asks",
    "server_error_503": "tests/ingestion/fetching: likewise",
    "bad_login": "tests/ingestion/fetching: refused with a clear message",
    "http_down": "tests/ingestion/fetching: unavailable after retries",
    "page_not_json": "tests/ingestion/fetching: not landed",
    "total_mismatch": "tests/ingestion/fetching: fetched again, then landed",
    "export_changes_midway": "tests/ingestion/fetching: started again",
    "not_ready": "tests/ingestion/fetching: waited for",
    "sftp_no_ready": "tests/ingestion/fetching: waited for",
    "sftp_missing_ctl": "tests/ingestion/fetching: not loaded",
    "amount_absurd": "test_stops_and_waivers.py: stops the whole publication",
}
"""Faults that another test plays, and where."""
