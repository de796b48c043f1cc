"""The catalogue of reason codes has every code that the warehouse can set, and no other."""

from __future__ import annotations

import csv
import re

from wangjian.core.paths import DBT_PROJECT, PROJECT_ROOT

CATALOGUE = DBT_PROJECT / "seeds" / "seed_reason_code.csv"
CODE = re.compile(r'(?:RejectedFile\(|RejectedLine\(number, |"code": |\'code\': )\s*["\']([A-Z_]+)')
SQL_CODE = re.compile(r"(?:then|reject_code,) '([A-Z]+(?:_[A-Z]+)*)(?::|')")


def _given() -> set[str]:
    python = [path.read_text(encoding="utf-8") for path in (PROJECT_ROOT / "include" / "wangjian").rglob("*.py")]
    sql = (DBT_PROJECT / "macros" / "contract" / "contract.sql").read_text(encoding="utf-8")
    sql += (DBT_PROJECT / "models" / "intermediate" / "int_audit__export_status.sql").read_text(encoding="utf-8")
    staging = [path.read_text(encoding="utf-8") for path in (DBT_PROJECT / "models" / "staging").rglob("*.sql")]
    plain = {code.split(":")[0] for text in [*python, *staging] for code in CODE.findall(text)}
    return plain | set(SQL_CODE.findall(sql))


def test_the_catalogue_is_complete_and_has_nothing_else() -> None:
    with CATALOGUE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["reason_code"] for row in rows} == _given()
    assert all(all(row.values()) for row in rows), "both languages, with a remedy"
