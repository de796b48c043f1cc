"""An erasure from JSON pages and workbooks, through the whole pipeline: nothing of it is left anywhere, and no figure moves."""

from __future__ import annotations

import shutil
from datetime import date

import duckdb
import pytest

from invariants.conftest import differences
from support.searching import found_in
from support.served import ingest_all, parse_all
from wangjian.core.paths import DataRoot
from wangjian.governance.erasure import approve_erasure, request_erasure
from wangjian.ingestion import parsing
from wangjian.ingestion.sources.registry import get_source, load_registry
from wangjian.orchestration import pipeline

pytestmark = [pytest.mark.slow, pytest.mark.world("end_to_end", minutes=5)]

FIRST, LAST = date(2023, 1, 29), date(2023, 2, 3)


def somebody(data: DataRoot) -> tuple[str, str, str, date, str]:
    """Somebody in one storefront and one lead: the number, the storefront, and the lead with its day and provider."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"""
            with storefront as (
                select contact_phone, any_value(storefront_id) as storefront_id
                from read_parquet('{data.raw}/five_level/storefronts/*/*.parquet')
                group by contact_phone having count(distinct storefront_id) = 1
            )
            select contact_phone, any_value(storefront_id), any_value(provider_lead_no), any_value(_business_date), any_value(_provider)
            from read_parquet('{data.raw}/third_party/leads/*/*.parquet') inner join storefront using (contact_phone)
            group by contact_phone having count(distinct (provider_lead_no, _business_date, _provider)) = 1
            order by contact_phone limit 1
            """
        ).fetchone()
    assert found
    return found


def test_an_erasure_goes_through(tmp_path_factory: pytest.TempPathFactory, sources: dict[str, str]) -> None:
    data = DataRoot(tmp_path_factory.mktemp("erasure"))
    ingest_all(data, sources, FIRST, LAST)
    parse_all(data)
    pipeline.build(data)
    before = DataRoot(tmp_path_factory.mktemp("before"))
    shutil.copy(data.warehouse, before.warehouse)
    number, storefront, lead, day, provider = somebody(data)
    for source, dataset, key, where in (
        ("five_level", "storefronts", storefront, {}),
        ("third_party", "leads", lead, {"provider": provider, "day": day}),
    ):
        asked = request_erasure(data, source, dataset, [key], **where, reason="当事人申请", person="王一")
        approve_erasure(data, asked.erasure.erasure_id, person="赵二")
    for source in load_registry():
        assert not parsing.unparsed(get_source(source), data)
    pipeline.build(data)
    pipeline.check(data)
    pipeline.publish(data)

    assert found_in(data.root, [number]) == []
    # the masked name of one operator: nothing else that is published knows the person
    assert differences(before, data, "fetched_at") == {'"marts"."dim_operator"': 2}
