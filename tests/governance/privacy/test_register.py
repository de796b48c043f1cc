"""The register of processing lists every personal column of every source, and refuses to leave one out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from wangjian.cli import main
from wangjian.core.errors import BadArguments
from wangjian.core.paths import DataRoot
from wangjian.governance.privacy.register import DEFAULTS, load_processing, personal_columns, register
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.registry import load_registry
from wangjian.state.audit_log import Access, record_access


def test_every_personal_column_of_every_source_is_in_it(tmp_path: Path) -> None:
    text = register(DataRoot(tmp_path))
    columns = [(source, column) for source in load_registry() for column in personal_columns(source)]
    assert len(columns) > 8
    assert [column for _, column in columns if f"| `{column.dataset}.{column.name}` | {column.zh} |" not in text] == []
    assert "| `case_parties.id_no` | 证件号码 | 解析时以密钥散列 keyed hash on parsing |" in text
    assert "| `storefronts.contact_phone` | 联系电话 | 落地后仅以脱敏形式发布 published masked only |" in text
    # Columns that are not personal are not listed.
    assert load_contract("jiangxi")["cases"].columns[0].name == "case_no" and "cases.case_no" not in text


def test_it_lists_levels_roles_periods_and_accesses(tmp_path: Path) -> None:
    data = DataRoot(tmp_path)
    for count in (3, 4):
        record_access(data, Access(action="OPENED_CLEAR", purpose="核对", table_name="t", row_count=count))
    text = register(data)
    assert "| `operator_name` | 经营者名称 Name; masked where it is a person |" in text
    assert "| 分析员 Analyst (`analyst`) | own | 公开、内部、敏感（再脱敏 masked again） |" in text
    assert "| run_log | months 36 |" in text
    assert "| OPENED_CLEAR | 2 | 7 |" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda known: known.pop("jiangxi"), "sources without an entry: jiangxi"),
        (lambda known: known.update(elsewhere=known["jiangxi"]), "no such source: elsewhere"),
        (lambda known: known["jiangxi"].pop("basis"), "jiangxi.basis: Field required"),
    ],
)
def test_missing_entries_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: object, message: str
) -> None:
    known = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    change(known)  # type: ignore[operator]
    path = tmp_path / "processing.yml"
    path.write_text(yaml.safe_dump(known, allow_unicode=True), encoding="utf-8")
    monkeypatch.setenv("WANGJIAN_PROCESSING", str(path))
    with pytest.raises(BadArguments) as caught:
        load_processing()
    assert message in str(caught.value) and f"file={path}" in str(caught.value)


def test_the_command_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANGJIAN_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "argv", ["wangjian", "privacy", "report", "--to", str(tmp_path / "register.md")])
    main()
    assert (tmp_path / "register.md").read_text(encoding="utf-8") == register(DataRoot(tmp_path / "data"))
