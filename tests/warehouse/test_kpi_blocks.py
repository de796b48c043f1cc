"""The seed says which block of which page shows which KPI."""

from __future__ import annotations

from pathlib import Path

import pytest

from wangjian.core.errors import BadArguments
from wangjian.core.paths import PROJECT_ROOT
from wangjian.warehouse.kpi_blocks import BLOCKS, blocks_of, kpis_shown

SERVING = PROJECT_ROOT / "include" / "wangjian" / "serving"


def seed(folder: Path, *rows: str) -> Path:
    path = folder / "seed_kpi.csv"
    path.write_text("\n".join(["kpi_code,slices,shown_on", *rows]) + "\n", encoding="utf-8")
    return path


def test_positions_order_a_block_whatever_the_order_of_the_seed(tmp_path: Path) -> None:
    path = seed(tmp_path, "A,region_code,cases.cards:10;counties.map:1", "B,,cases.cards:9", "C,,")
    assert kpis_shown("cases.cards", path) == ("B", "A")
    assert kpis_shown("counties.map", path) == ("A",)
    assert kpis_shown("leads.cards", path) == ()


@pytest.mark.parametrize("entry", ["cases.crads:1", "cases.cards", "cases.cards:x"])
def test_an_entry_that_no_page_understands_is_refused_with_its_line(tmp_path: Path, entry: str) -> None:
    with pytest.raises(BadArguments, match=r"line=3.*known=bulletin\.actions"):
        kpis_shown("cases.cards", seed(tmp_path, "A,,", f"B,,{entry}"))


def test_a_kpi_that_a_block_cannot_show_is_refused_with_its_line(tmp_path: Path) -> None:
    path = seed(tmp_path, "A,org_code;violation_code,counties.map:1")
    with pytest.raises(BadArguments, match=r"by region_code, and A has no such slice.*line=2"):
        kpis_shown("counties.map", path)


@pytest.mark.parametrize(("rows", "found"), [((), "none"), (("A,,leads.flow:1", "B,,leads.flow:2"), "A, B")])
def test_a_chart_of_one_kpi_has_exactly_one(tmp_path: Path, rows: tuple[str, ...], found: str) -> None:
    with pytest.raises(BadArguments, match=f"leads.flow shows one KPI.*found={found}"):
        kpis_shown("leads.flow", seed(tmp_path, *rows))


def test_every_block_has_kpis_and_no_two_at_one_position() -> None:
    assert all(kpis_shown(block) for block in BLOCKS)
    text = (PROJECT_ROOT / "dbt_project" / "seeds" / "seed_kpi.csv").read_text(encoding="utf-8")
    entries = [entry for line in text.splitlines()[1:] for entry in line.rpartition(",")[2].split(";") if entry]
    assert len(entries) == len(set(entries)) == sum(len(kpis_shown(block)) for block in BLOCKS)


def test_every_block_is_drawn() -> None:
    sources = [
        path for path in SERVING.rglob("*") if path.suffix in (".py", ".js", ".html") and "vendor" not in path.parts
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    for page in ("overview", "leads", "cases", "platforms", "counties"):
        for block in blocks_of(page):
            is_drawn = f"blocks.{block}" in text or f'"{block}"' in text
            assert is_drawn or block == "definitions", f"{page}.{block}"
