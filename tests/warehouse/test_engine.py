"""The environment decides which engine builds and where Spark is, and Spark's tables become the warehouse's file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing import snapshot_ledgers, write_corrections, write_empty_files, write_waivers
from wangjian.ingestion.parsing.raw import LEDGER, write_table
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.registry import load_registry
from wangjian.warehouse.build import inputs_fingerprint, rules_fingerprint
from wangjian.warehouse.spark.host_names import FILE, write_host_names
from wangjian.warehouse.spark.settings import engine, spark_settings
from wangjian.warehouse.spark.take_over import take_over


def _node(name: str, columns: dict[str, str], partition: str | None = None) -> dict[str, object]:
    described = {column: {"data_type": kind} for column, kind in columns.items()}
    config = {"materialized": "table", "partition_by": partition}
    return {"resource_type": "model", "schema": "marts", "alias": name, "columns": described, "config": config}


def test_duckdb_builds_unless_another_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANGJIAN_ENGINE", raising=False)
    assert engine() == "duckdb"
    monkeypatch.setenv("WANGJIAN_ENGINE", "spark")
    assert engine() == "spark"
    monkeypatch.setenv("WANGJIAN_ENGINE", "Spark")
    with pytest.raises(BadArguments, match="set WANGJIAN_ENGINE to duckdb or spark"):
        engine()


def test_another_engine_is_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, ledgers = DataRoot(tmp_path), LEDGER.empty_table()
    fingerprints = []
    for name in ("duckdb", "spark"):
        monkeypatch.setenv("WANGJIAN_ENGINE", name)
        fingerprints.append((inputs_fingerprint(data, ledgers), rules_fingerprint(ledgers, [])))
    assert fingerprints[0][0] != fingerprints[1][0] and fingerprints[0][1] != fingerprints[1][1]


def test_a_spark_server_needs_the_folder_of_its_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = DataRoot(tmp_path)
    monkeypatch.delenv("WANGJIAN_SPARK_SERVER", raising=False)
    assert spark_settings(data).server is None
    assert spark_settings(data).tables == str(tmp_path / "scratch" / "spark" / "tables")
    monkeypatch.setenv("WANGJIAN_SPARK_SERVER", "thrift.example:10000")
    with pytest.raises(BadArguments, match="WANGJIAN_SPARK_TABLES"):
        spark_settings(data)
    monkeypatch.setenv("WANGJIAN_SPARK_TABLES", "/mnt/tables")
    assert spark_settings(data).server == ("thrift.example", 10000)
    assert spark_settings(data).tables == "/mnt/tables"
    monkeypatch.setenv("WANGJIAN_SPARK_SERVER", "thrift.example")
    with pytest.raises(BadArguments, match="host:port"):
        spark_settings(data)


def test_non_ascii_hosts_are_written_by_the_models_own_rule(tmp_path: Path) -> None:
    data = DataRoot(tmp_path)
    for source in load_registry():
        write_empty_files(data, load_contract(source).values())
    snapshot_ledgers(data, LEDGER.empty_table())
    write_waivers(data, [])
    write_corrections(
        data,
        [
            {"column_name": "url", "right_value": "https://www.赣南脐橙.cn:443/店?utm_source=x"},
            {"column_name": "url", "right_value": "https://plain.example/a"},
            {"column_name": "url", "right_value": "https://plain.example/店"},
            {"column_name": "operator_name", "right_value": "王小明.cn"},
        ],
    )
    leads = next((data.raw / "third_party" / "leads").glob("*/empty.parquet"))
    columns = duckdb.sql(f"select * from '{leads}'").columns
    rows = [dict.fromkeys(columns) | {"url": "//章江.cn"}, dict.fromkeys(columns) | {"url": None}]
    write_table(leads.parent.parent / "2023-07" / "one.parquet", rows, _schema(leads))
    assert write_host_names(data) == 3
    written = duckdb.sql(f"select host, host_in_ascii from '{data.raw / FILE}' order by all").fetchall()
    assert written == [
        ("plain.example", "plain.example"),
        ("章江.cn", "xn--9sw722a.cn"),
        ("赣南脐橙.cn", "xn--6kr684co7psil.cn"),
    ]


def _schema(path: Path) -> object:
    import pyarrow.parquet as pq

    return pq.read_schema(path)


def test_tables_become_the_warehouse_in_one_step_with_the_types_of_their_contract(tmp_path: Path) -> None:
    data, tables = DataRoot(tmp_path / "data"), tmp_path / "tables"
    (tables / "marts.db" / "fct").mkdir(parents=True)
    data.root.mkdir()
    files = tables / "marts.db" / "fct" / "part-0.parquet"
    duckdb.sql(f"copy (select 7::bigint as days, 'x' as name, 1.50::decimal(20, 2) as amount) to '{files}'")
    manifest = {"nodes": {"model.fct": _node("fct", {"days": "integer", "name": "varchar", "amount": "decimal(18,2)"})}}
    take_over(data, str(tables), manifest)
    with duckdb.connect(str(data.warehouse), read_only=True) as connection:
        assert connection.sql("from marts.fct").fetchall()[0][:2] == (7, "x")
        types = connection.execute("select data_type from duckdb_columns() where schema_name = 'marts'").fetchall()
    assert [kind for (kind,) in types] == ["INTEGER", "VARCHAR", "DECIMAL(18,2)"]
    before = data.warehouse.read_bytes()
    manifest["nodes"]["model.gone"] = _node("gone", {})
    with pytest.raises(WangjianError, match="WANGJIAN_SPARK_TABLES"):
        take_over(data, str(tables), manifest)
    assert data.warehouse.read_bytes() == before, "the previous warehouse stays"


def test_partitions_become_one_table_and_a_table_without_partitions_has_its_columns(tmp_path: Path) -> None:
    data, tables = DataRoot(tmp_path / "data"), tmp_path / "tables"
    data.root.mkdir()
    _written(tables / "marts.db" / "fct" / "month_start=2023-02-01", "select 1 as shops")
    _written(tables / "marts.db" / "fct" / "month_start=2023-03-01", "select 2 as shops")
    _written(tables / "marts.db" / "fct" / ".spark-staging-1" / "month_start=2023-03-01", "select 3 as shops")
    _written(tables / "marts.db" / "typed" / "_month=2023-02", "select 'x' as lead_no")
    _written(tables / "marts.db" / "bare__columns", "select 'x' as lead_no, '2023-02' as _month limit 0")
    types = {"month_start": "date", "shops": "bigint"}
    nodes = [_node("fct", types, "month_start"), _node("typed", {}, "_month"), _node("bare", {}, "_month")]
    take_over(data, str(tables), {"nodes": {node["alias"]: node for node in nodes}})
    with duckdb.connect(str(data.warehouse), read_only=True) as connection:
        assert connection.sql("from marts.fct order by all").fetchall() == [
            (date(2023, 2, 1), 1),
            (date(2023, 3, 1), 2),
        ]
        assert connection.sql("from marts.typed").fetchall() == [("x",)]
        bare = connection.sql("from marts.bare")
        assert (bare.columns, bare.fetchall()) == (["lead_no"], [])


def _written(folder: Path, select: str) -> None:
    folder.mkdir(parents=True)
    duckdb.sql(f"copy ({select}) to '{folder / 'part-0.parquet'}'")
