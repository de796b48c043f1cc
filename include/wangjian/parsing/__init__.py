"""From landed bytes to raw Parquet: every column text, every row with the file and the place it came from."""

from wangjian.parsing.compact import compact
from wangjian.parsing.parse import ParseReport, parse, unparsed
from wangjian.parsing.raw import contract_hashes, ledger_fingerprint, write_empty_files, write_waivers

__all__ = [
    "ParseReport",
    "compact",
    "contract_hashes",
    "ledger_fingerprint",
    "parse",
    "unparsed",
    "write_empty_files",
    "write_waivers",
]
