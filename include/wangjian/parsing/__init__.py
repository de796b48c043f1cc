"""From landed bytes to raw Parquet: every column text, every row with the file and the place it came from."""

from wangjian.parsing.parse import ParseReport, parse
from wangjian.parsing.raw import ledger_fingerprint

__all__ = ["ParseReport", "ledger_fingerprint", "parse"]
