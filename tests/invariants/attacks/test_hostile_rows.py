"""Hostile rows pass through the whole pipeline: their values are published unchanged, and are only text everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from simulator.scenario import Scenario
from simulator.serving import served
from simulator.systems import Systems
from support.landed import land
from support.served import ingest_all, parse_all
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.store import Landing
from wangjian.orchestration import pipeline
from wangjian.serving.exports.export import export_tables

pytestmark = pytest.mark.slow

FIRST, LAST = date(2023, 1, 31), date(2023, 2, 1)
SCRIPT = "<script>window.hacked=1</script><img src=x onerror=hacked()>"
TEXTS = {
    "jinja": "{{ 7*7 }}{% raw %}{{ var('x') }}{# #}",
    "markup": SCRIPT,
    "sql": "'; drop table marts.dim_organization; --",
    "formula": "=cmd|' /C calc'!A0",
    "dollar": "$params ${HOME} %s",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    """Return a small world whose organs and shops have names of an attacker's choice."""
    data = DataRoot(tmp_path_factory.mktemp("data"))
    systems = Systems(Scenario(seed=7, scale=0.005, start=FIRST, end=LAST))
    with served(systems, tmp_path_factory.mktemp("simulator")) as found:
        ingest_all(data, found.connections, FIRST, LAST)
    for dataset, column in (("organizations", "org_name"), ("storefronts", "storefront_name")):
        _rename(data, dataset, column)
    parse_all(data)
    pipeline.build(data)
    pipeline.check(data)
    pipeline.publish(data)
    return data


def _rename(data: DataRoot, dataset: str, column: str) -> None:
    """Send the last export of a dataset again, as a higher version, with hostile names in all of its rows."""
    landing = Landing(data.landing)
    export = max(landing.exports("five_level", dataset), key=lambda export: export.key.business_date)
    pages: dict[str, bytes] = {}
    for file in export.files:
        page: dict[str, Any] = orjson.loads(landing.read(file.sha256))
        for record, text in zip(page["records"], _texts(), strict=False):
            record[column] = text
        pages[file.part] = orjson.dumps(page | {"export_seq": export.key.version + 1})
    mode = export.key.mode
    land(data, "five_level", dataset, str(LAST), pages, version=export.key.version + 1, mode=mode)


def _texts() -> Iterator[str]:
    while True:
        yield from TEXTS.values()


def ask(data: DataRoot, query: str) -> set[str]:
    with duckdb.connect(str(data.published / "warehouse.duckdb"), read_only=True) as connection:
        return {text for (text,) in connection.execute(query).fetchall()}


@pytest.mark.parametrize("place", ["marts.dim_organization", "marts.dim_storefront"])
def test_names_are_published_as_they_were_sent(data: DataRoot, place: str) -> None:
    column = "org_name" if "organization" in place else "storefront_name"
    assert ask(data, f"select distinct {column} from {place}") >= set(TEXTS.values())


def test_no_page_holds_them_as_markup(data: DataRoot) -> None:
    pipeline.docs(data)
    pages = {path: path.read_text(encoding="utf-8") for path in data.docs.rglob("*.html")}
    folders = {path.relative_to(data.docs).parts[0].strip(".").partition("-")[0] for path in pages}
    assert folders >= {"site", "checks", "model"}
    assert [path for path, text in pages.items() if "<script>window" in text or "<img src=x" in text] == []
    assert [path for path, text in pages.items() if re.search(r">\s*49\s*\{%", text)] == []


def test_no_file_runs_them(data: DataRoot, tmp_path: Path) -> None:
    export_tables(data, ["dim_organization"], tmp_path, "csv")
    text = (tmp_path / "marts.dim_organization.csv").read_text(encoding="utf-8-sig")
    assert f"'{TEXTS['formula']}" in text
    assert TEXTS["jinja"] in text and "49" not in re.findall(r"(\d+)\{%", text)
    assert [path for path in data.root.rglob("*") if "calc" in path.name] == []
