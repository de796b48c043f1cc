"""Neither the published file nor the files of roles hold personal data (个人信息保护法 art. 6: names, numbers, phones, addresses)."""

from __future__ import annotations

import os
import re
import shutil

import duckdb
import pytest

from wangjian.core.paths import DataRoot
from wangjian.governance.roles import write_role_files

pytestmark = [pytest.mark.slow, pytest.mark.everyday]

ID_NUMBER = re.compile(r"(?<!\w)[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\w)")
MOBILE = re.compile(r"(?<!\w)1[3-9]\d{9}(?!\w)")
PERSONS = "('NATURAL_PERSON', 'INDIVIDUAL_BUSINESS', '自然人', '个体工商户')"
NUMBERS_OF_OTHERS = {"platform_shop_id", "url_canonical", "uscc", "licence_no", "storefront_id"}
"""Columns full of long numbers that are nobody's phone; they are compared with the phones that the sources sent instead."""


@pytest.fixture(scope="module")
def known(year_2024: DataRoot) -> dict[str, set[str]]:
    """Return the personal values that the sources sent, as raw keeps them."""
    raw = year_2024.raw
    with duckdb.connect() as connection:
        read = lambda query: {value for (value,) in connection.execute(query).fetchall() if value}  # noqa: E731
        storefronts = f"read_parquet('{raw}/five_level/storefronts/*/*.parquet', union_by_name = true)"
        parties = f"read_parquet('{raw}/jiangxi/case_parties/*/*.parquet', union_by_name = true)"
        return {
            "names": read(f"select distinct operator_name from {storefronts} where operator_kind in {PERSONS}")
            | read(f"select distinct party_name from {parties} where party_kind in {PERSONS}"),
            "phones": read(f"select distinct contact_phone from {storefronts}"),
            "addresses": read(f"select distinct address from {storefronts}"),
        }


@pytest.fixture(scope="module")
def with_roles(year_2024: DataRoot, tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    """Return a separate data root with the published year and the file of each role."""
    data = DataRoot(tmp_path_factory.mktemp("roles"))
    shutil.copytree(year_2024.published, data.published, symlinks=True, copy_function=os.link)
    shutil.copytree(year_2024.state, data.state)
    write_role_files(data)
    return data


@pytest.fixture(
    scope="module", params=["", "roles/auditor", "roles/analyst", "roles/county_analyst-360702", "roles/public"]
)
def texts(with_roles: DataRoot, request: pytest.FixtureRequest) -> dict[str, set[str]]:
    """Return every distinct text of every column of a file, by `schema.table.column`."""
    path = with_roles.published / request.param / "warehouse.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() where not internal and data_type = 'VARCHAR'"
        ).fetchall()
        return {
            f"{schema}.{table}.{column}": {
                value
                for (value,) in connection.execute(f'select distinct "{column}" from {schema}.{table}').fetchall()
                if value
            }
            for schema, table, column in columns
        }


def test_the_sources_did_send_personal_data(known: dict[str, set[str]]) -> None:
    assert {kind: len(values) > 100 for kind, values in known.items()} == {
        "names": True,
        "phones": True,
        "addresses": True,
    }


def test_no_column_shows_an_identity_number(texts: dict[str, set[str]]) -> None:
    assert [(name, text) for name, values in texts.items() for text in values if ID_NUMBER.search(text)] == []


def test_no_column_shows_a_mobile_number(texts: dict[str, set[str]], known: dict[str, set[str]]) -> None:
    patterned = {name: values for name, values in texts.items() if name.rsplit(".", 1)[1] not in NUMBERS_OF_OTHERS}
    assert [(name, text) for name, values in patterned.items() for text in values if MOBILE.search(text)] == []
    assert [(name, text) for name, values in texts.items() for text in values & known["phones"]] == []


def test_no_column_shows_a_persons_name_or_an_address(texts: dict[str, set[str]], known: dict[str, set[str]]) -> None:
    everything = {name: "\n".join(values) for name, values in texts.items()}
    for kind in ("names", "addresses"):
        assert [(name, text) for name, joined in everything.items() for text in known[kind] if text in joined] == []


def test_masked_names_keep_one_sign(year_2024: DataRoot) -> None:
    with duckdb.connect(str(year_2024.published / "warehouse.duckdb"), read_only=True) as connection:
        wrong = connection.execute(
            f"""
            select operator_name from marts.dim_operator
            where (operator_kind is null or operator_kind not in ('ENTERPRISE', 'COOPERATIVE')) and operator_name not like '_**'
            union all
            select party_name from marts.bridge_case_party where party_kind in {PERSONS} and party_name not like '_**'
            """
        ).fetchall()
    assert wrong == []
