"""An incremental build keeps rows of the last build, and its result equals a full build."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from invariants.conftest import differences
from simulator.scenario import Scenario
from simulator.serving import served
from simulator.systems import Systems
from support.landed import land, page
from support.served import ingest_all, parse_all
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing import read_ledgers
from wangjian.orchestration import pipeline
from wangjian.warehouse.build import _may_increment, build, rules_fingerprint
from wangjian.warehouse.dbt import run_dbt

pytestmark = pytest.mark.slow

FIRST, LAST = date(2023, 2, 25), date(2023, 4, 3)
PLACES = "select storefront_id, _export_id, rowid from staging.typed_five_level__storefronts"
ACTIVE = "select month_start, count(*) filter (where is_active) from marts.fct_storefront_monthly group by month_start"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    data = DataRoot(tmp_path_factory.mktemp("data"))
    with served(Systems(Scenario(seed=7, scale=0.005, start=FIRST, end=LAST)), tmp_path_factory.mktemp("s")) as world:
        ingest_all(data, world.connections, FIRST, LAST)
    parse_all(data)
    pipeline.build(data)
    return data


def _asked(data: DataRoot, query: str) -> list[Any]:
    with duckdb.connect(str(data.warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def _late_change(data: DataRoot, day: str, version: int) -> str:
    """Land a late change: the source reports only now that a shop was closed on a past day. Return the shop's id."""
    record = _asked(
        data,
        "select storefront_id, storefront_type, storefront_name, platform_code, platform_shop_id, operator_name, uscc, operator_kind, "
        "region_code, business_region_code, category_code, cast(first_seen_on as varchar) from staging.typed_five_level__storefronts "
        "where storefront_type = 'SHOP' and _business_date = '2023-03-01' order by storefront_id limit 1",
    )[0]
    names = (
        "storefront_id", "storefront_type", "storefront_name", "platform_code", "platform_shop_id", "operator_name", "uscc",
        "operator_kind", "region_code", "business_region_code", "category_code", "first_seen_on",
    )  # fmt: skip
    row = dict(zip(names, record, strict=True)) | {"status": "CLOSED", "updated_at": f"{day}T10:00:00+08:00"}
    land(data, "five_level", "storefronts", day, {"p0001": page("storefronts", day, [row])}, version=version)
    return str(row["storefront_id"])


def test_a_late_change_of_a_past_month_changes_only_its_own_rows(data: DataRoot, tmp_path: Path) -> None:
    before, months = set(_asked(data, PLACES)), dict(_asked(data, ACTIVE))
    assert set(months) == {date(2023, 2, 1), date(2023, 3, 1)}
    shop = _late_change(data, "2023-03-20", version=9)
    parse_all(data)
    build(data)
    after = set(_asked(data, PLACES))
    added = after - before
    assert {row[0] for row in added} == {shop}
    assert before <= after, "rows of other exports stay where they are"
    now = dict(_asked(data, ACTIVE))
    assert now[date(2023, 2, 1)] == months[date(2023, 2, 1)]
    assert now[date(2023, 3, 1)] == months[date(2023, 3, 1)] - 1, "March, which was over, counts a shop less"
    versions = "select status, valid_from from marts.dim_storefront where storefront_id = ? order by valid_from"
    with duckdb.connect(str(data.warehouse), read_only=True) as connection:
        assert ("CLOSED", date(2023, 3, 20)) in connection.execute(versions, [shop]).fetchall()


def test_an_incremental_build_equals_a_full_build(data: DataRoot, tmp_path: Path) -> None:
    kept = DataRoot(tmp_path / "kept")
    kept.root.mkdir()
    kept.warehouse.write_bytes(data.warehouse.read_bytes())
    build(data, force=True)
    assert differences(kept, data) == {}


def test_changed_rules_cause_a_full_build(data: DataRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    marked = "staging.typed_five_level__storefronts where address = 'of the build before'"
    with duckdb.connect(str(data.warehouse)) as connection:
        connection.execute("update staging.typed_five_level__storefronts set address = 'of the build before'")
    monkeypatch.setattr("wangjian.warehouse.build.contract_hashes", lambda _: "another contract")
    _late_change(data, "2023-03-21", version=9)
    parse_all(data)
    build(data)
    assert _asked(data, f"select count(*) from {marked}") == [(0,)], "the table was made again"


def test_rules_that_change_during_a_build_cause_a_full_build_next(
    data: DataRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    contracts = ["as it began"]

    def changed_meanwhile(*given: Any) -> list[dict[str, Any]]:
        contracts[0] = "changed meanwhile"
        return run_dbt(*given)

    monkeypatch.setattr("wangjian.warehouse.build.contract_hashes", lambda _: contracts[0])
    monkeypatch.setattr("wangjian.warehouse.build.run_dbt", changed_meanwhile)
    build(data, force=True)
    assert not _may_increment(data, rules_fingerprint(read_ledgers(data), []))
