"""A new file format is one new module: nothing else in the project changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.landed import land, ledger, raw_rows
from wangjian.core.errors import BadArguments
from wangjian.core.paths import DataRoot
from wangjian.governance.erasure.files import Landed, redacted
from wangjian.ingestion.parsing import formats, parse
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.provider import Provider, load_provider, load_providers
from wangjian.ingestion.sources.registry import get_source, load_registry

MODULE = """
from dataclasses import dataclass

from wangjian.ingestion.parsing.fields import layout_fields
from wangjian.ingestion.parsing.formats.base import Table
from wangjian.ingestion.parsing.records import ParsedFile


@dataclass(frozen=True)
class Lines(Table):
    name = "lines"
    row_unit = ("条", "line")
    fields: tuple

    @classmethod
    def of_layout(cls, layout, dataset):
        return cls(tuple(layout_fields(layout, dataset)))

    def read(self, content):
        lines = content.decode().splitlines()
        cells = list(zip(*(line.split("~") for line in lines), strict=True))
        columns = {field.name: field.texts(column) for field, column in zip(self.fields, cells, strict=True)}
        return ParsedFile(numbers=list(range(1, len(lines) + 1)), columns=columns, extras=[{} for _ in lines])

    def redact(self, content, columns, rows, mark):
        lines = [line.split("~") for line in content.decode().splitlines()]
        for number in rows[""]:
            for index, field in enumerate(self.fields):
                if field.name in columns:
                    lines[number - 1][index] = mark(lines[number - 1][index])
        return "\\n".join("~".join(line) for line in lines).encode()
"""
COLUMNS = ("platform_text", "storefront_type_text", "platform_shop_id", "storefront_name", "url", "region_text")
ROWS = "淘宝~网店~1~甲店~http://a.example~章贡\n淘宝~网店~2~乙店~http://b.example~南康"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One new module in the package, and a provider whose layout names its format."""
    folder = tmp_path / "formats"
    folder.mkdir()
    (folder / "lines.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(folder)])
    provider = load_provider("tp_b").model_dump()
    layout = {"dataset": "coverage", "name": "c{period}.lines", "format": "lines"}
    provider["files"] = [layout | {"columns": [{"field": name, "headers": [name]} for name in COLUMNS]}]
    monkeypatch.setitem(load_providers(), "tp_b", Provider.model_validate(provider))
    formats._formats.cache_clear()
    yield
    formats._formats.cache_clear()


def test_its_files_are_parsed_erased_and_located(tmp_path: Path, toy: None) -> None:
    data = DataRoot(tmp_path / "data")
    land(data, "third_party", "coverage", "2023-06-30", {"c202306.lines": ROWS.encode()}, provider="tp_b")
    report = parse(get_source("third_party"), data)
    assert (report.rows, report.messages) == (2, [])
    assert ledger(data, "third_party", "coverage") == [("c202306.lines", 1, "parsed", None, 2, 0, 0)]
    assert "乙店" in str(raw_rows(data, "third_party", "coverage"))
    file = Landed(get_source("third_party"), load_contract("third_party")["coverage"], "tp_b", "c202306.lines", "0")
    left = redacted(file, ROWS.encode(), {"storefront_name"}, {"": {2}}, lambda value: "已删除")
    assert left.decode() == ROWS.replace("乙店", "已删除")
    assert formats.format_named("lines").locate("", 2) == "第2条 line 2"


def test_a_format_that_no_module_holds_is_named_with_those_that_exist() -> None:
    with pytest.raises(BadArguments, match=r"no file format 'xslx'.*known=csv, json, json_pages, xlsx"):
        formats.format_named("xslx")


def test_registry_and_layouts_name_formats_that_exist() -> None:
    contracts = load_contract("third_party")
    for source in load_registry().values():
        assert formats.format_of_source(source)
    for provider in load_providers().values():
        for layout in provider.files:
            assert formats.format_named(layout.format).of_layout(layout, contracts.get(layout.dataset))
