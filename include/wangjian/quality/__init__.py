"""Check a build before its publication: reviewed expectations on the sources' data, run by Great Expectations in DuckDB."""

from wangjian.quality.gate import CheckReport, check
from wangjian.quality.suites import Check, Suite, load_suites

__all__ = ["Check", "CheckReport", "Suite", "check", "load_suites"]
