"""From landed bytes to raw Parquet: every column text, every row with the file and the place it came from."""

from wangjian.ingestion.parsing.compact import compact
from wangjian.ingestion.parsing.parse import ParseReport, parse
from wangjian.ingestion.parsing.pending import is_key_missing, unparsed
from wangjian.ingestion.parsing.raw import (
    contract_hashes,
    ledger_fingerprint,
    read_ledgers,
    snapshot_ledgers,
    write_corrections,
    write_empty_files,
    write_waivers,
)

__all__ = [
    "ParseReport",
    "compact",
    "contract_hashes",
    "is_key_missing",
    "ledger_fingerprint",
    "parse",
    "read_ledgers",
    "snapshot_ledgers",
    "unparsed",
    "write_corrections",
    "write_empty_files",
    "write_waivers",
]
