"""The file of each role holds the data of one publication that the role may see, and nothing else."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from support.small_warehouse import LABELS, WAREHOUSE
from wangjian.cli import main
from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import DBT_PROJECT, DataRoot
from wangjian.governance.roles import files, load_roles, write_role_files
from wangjian.governance.roles.description import DEFAULTS
from wangjian.orchestration import pipeline
from wangjian.publishing import publish, rollback
from wangjian.state import Verdict, record_build, record_verdict, runs

SECRETS = ("张三", "13879712345", "360702199003077715", "王小五", "章江南大道18号")
MORE = """
create or replace table marts.dim_region as
    select * from (values ('360700', '赣州市', 3), ('360702', '章贡区', 4), ('360703', '南康区', 4), ('../etc', '坏', 4))
        as t (region_code, region_name, region_level);
alter table marts.dim_region add column valid_to date;
create or replace table marts.fct_lead as
    select * from (values
        ('l1', '360702', '张三', '电话13879712345'), ('l2', '360702', '某公司', '身份证360702199003077715'),
        ('l3', '360703', '王小五', '住章贡区章江南大道18号'), ('l4', null, null, null)
    ) as t (lead_key, region_code, operator_name, description);
create or replace table marts.fct_lead_event as
    select * from (values ('l1', 1), ('l1', 2), ('l3', 1), ('l4', 1)) as t (lead_key, event_seq);
create or replace table marts.fct_note as
    select * from (values ('l1', 1, 'a'), ('l3', 1, 'b')) as t (lead_key, event_seq, kind);
create or replace table reports.rpt_sum as
    select * from (values ('360702', 1), ('360703', 2), ('ALL', {kpi})) as t (region_code, case_count);
"""
LEVELS = {
    "region_code": "PUBLIC", "region_name": "PUBLIC", "region_level": "PUBLIC", "valid_to": "PUBLIC", "case_count": "PUBLIC",
    "publication_id": "PUBLIC", "lead_key": "INTERNAL", "event_seq": "INTERNAL", "kind": "INTERNAL",
    "operator_name": "SENSITIVE", "description": "SENSITIVE",
}  # fmt: skip
ROLES = """
roles:
  engineer: {zh: 工程师, en: Engineer, file: published, schemas: [marts, reports, audit], levels: [PUBLIC, INTERNAL, SENSITIVE]}
  analyst: {zh: 分析员, en: Analyst, file: own, schemas: [marts, reports], levels: [PUBLIC, INTERNAL, SENSITIVE], masked: [SENSITIVE]}
  county:
    zh: 县区
    en: County
    file: per_county
    schemas: [marts, reports]
    levels: [PUBLIC, INTERNAL, SENSITIVE]
    masked: [SENSITIVE]
    whole: [dim_region]
    through: {fct_lead_event: [fct_lead.lead_key], fct_note: [fct_lead_event.lead_key]}
  public:
    zh: 公开
    en: Public
    file: own
    schemas: [marts, reports]
    levels: [PUBLIC]
    tables: [dim_region, rpt_sum, fct_lead]
    rows: {rpt_sum: region_code = 'ALL'}
"""
Publish = Callable[..., str]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataRoot:
    monkeypatch.setenv("WANGJIAN_ROLES", str(tmp_path / "roles.yml"))
    (tmp_path / "roles.yml").write_text(ROLES, encoding="utf-8")
    root = DataRoot(tmp_path / "data")
    root.root.mkdir()
    return root


@pytest.fixture
def publish_again(data: DataRoot, tmp_path: Path) -> Publish:
    """Return a function that builds, passes the checks and publishes; it returns the publication's identifier."""

    def publish_once(kpi: int = 3) -> str:
        with duckdb.connect(str(data.warehouse)) as connection:
            connection.execute(WAREHOUSE.format(rows=5, as_of="2023-12-31", factor="1"))
            connection.execute(MORE.format(kpi=kpi))
        build = record_build(data, "run")
        verdict = Verdict(
            run_id="run", build_id=build.build_id, passed=True, check_count=1, critical_failure_count=0, warning_count=0
        )
        record_verdict(data, verdict)
        return publish(data, labels=_labels(tmp_path)).publication.publication_id

    return publish_once


def _labels(folder: Path) -> Path:
    path = folder / "labels.yml"
    columns = {name: {"zh": f"列 {name}", "en": name, "level": level} for name, level in LEVELS.items()}
    tables = {
        name: {"zh": "表", "en": name} for name in ("dim_region", "fct_lead", "fct_lead_event", "fct_note", "rpt_sum")
    }
    made: dict[str, Any] = {
        **LABELS, "columns": {**LABELS["columns"], **columns}, "tables": {**LABELS["tables"], **tables}
    }  # fmt: skip
    path.write_text(yaml.safe_dump(made, allow_unicode=True), encoding="utf-8")
    return path


def rows(data: DataRoot, role: str, query: str) -> list[Any]:
    path = data.published / "roles" / role / "warehouse.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def tables(data: DataRoot, role: str) -> set[str]:
    return {name for (name,) in rows(data, role, "select table_name from duckdb_tables() where schema_name <> 'audit'")}


def texts(data: DataRoot, role: str) -> str:
    """Return every text in a file."""
    query = "select schema_name, table_name from duckdb_tables() where not internal"
    return "\n".join(
        str(row) for schema, table in rows(data, role, query) for row in rows(data, role, f'from "{schema}"."{table}"')
    )


def test_the_published_file_has_the_secrets_that_no_role_may_see(data: DataRoot, publish_again: Publish) -> None:
    """The published file of this test has a hole in the models' masking. The files of the roles must mask it again."""
    publish_again()
    with duckdb.connect(str(data.published / "warehouse.duckdb"), read_only=True) as connection:
        shown = str(connection.execute("from marts.fct_lead").fetchall())
    assert [secret for secret in SECRETS if secret not in shown] == []


def test_each_role_and_county_has_one_file(data: DataRoot, publish_again: Publish) -> None:
    publish_again()
    written = write_role_files(data)
    found = sorted(path.name for path in (data.published / "roles").iterdir())
    # The engineer reads the published file. A code that is not a county's gets no folder.
    assert found == ["analyst", "county-360702", "county-360703", "public"]
    assert [(file.role, file.region_code) for file in written.files] == [
        ("analyst", None), ("county", "360702"), ("county", "360703"), ("public", None),
    ]  # fmt: skip
    for file in written.files:
        assert str(file.path.readlink()) == f"warehouse-{written.publication_id}.duckdb"
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o440


@pytest.mark.parametrize("role", ["analyst", "county-360702", "county-360703", "public"])
def test_no_file_of_a_role_has_personal_data(data: DataRoot, publish_again: Publish, role: str) -> None:
    publish_again()
    write_role_files(data)
    shown = texts(data, role)
    assert "360702" in shown
    assert [secret for secret in SECRETS if secret in shown] == []


def test_an_analyst_sees_all_rows_masked(data: DataRoot, publish_again: Publish) -> None:
    publish_again()
    write_role_files(data)
    assert tables(data, "analyst") == {
        "dim_region", "fct_case", "fct_lead", "fct_lead_event", "fct_note", "rpt_cases", "rpt_sum",
    }  # fmt: skip
    found = rows(data, "analyst", "select operator_name, description from marts.fct_lead order by lead_key")
    assert found == [
        ("张**", "电话138****2345"), ("某公司", "身份证360702************"), ("王**", "住章贡区***"), (None, None),
    ]  # fmt: skip


def test_a_county_sees_its_own_rows(data: DataRoot, publish_again: Publish) -> None:
    publish_again()
    write_role_files(data)
    county = "county-360702"
    # Rows that belong to no county are in no county's file.
    assert tables(data, county) == {"dim_region", "fct_lead", "fct_lead_event", "fct_note", "rpt_sum"}
    assert rows(data, county, "select lead_key from marts.fct_lead order by all") == [("l1",), ("l2",)]
    assert rows(data, county, "select lead_key, event_seq from marts.fct_lead_event order by all") == [
        ("l1", 1),
        ("l1", 2),
    ]
    assert rows(data, county, "select kind from marts.fct_note") == [("a",)]
    assert rows(data, county, "from reports.rpt_sum") == [("360702", 1)]
    assert rows(data, county, "select count(*) from marts.dim_region") == [(4,)]


def test_the_public_sees_public_columns_and_rows(data: DataRoot, publish_again: Publish) -> None:
    publish_again()
    write_role_files(data)
    assert tables(data, "public") == {"dim_region", "fct_lead", "rpt_sum"}
    assert rows(data, "public", "select column_name from duckdb_columns() where table_name = 'fct_lead'") == [
        ("region_code",)
    ]
    assert rows(data, "public", "from reports.rpt_sum") == [("ALL", 3)]
    assert rows(data, "public", "from audit.publication") == [("20231231-001",)]


@pytest.mark.parametrize("role", ["analyst", "county-360703", "public"])
def test_a_file_names_its_publication_and_describes_its_columns(
    data: DataRoot, publish_again: Publish, role: str
) -> None:
    publish_again()
    publish_again(kpi=4)
    write_role_files(data)
    assert rows(data, role, "select publication_id from audit.publication") == [("20231231-002",)]
    there = "select schema_name, table_name, column_name from duckdb_columns() where not internal and table_name <> 'column_level'"
    assert sorted(rows(data, role, "select schema_name, table_name, column_name from audit.column_level")) == sorted(
        rows(data, role, there)
    )
    silent = "select column_name from duckdb_columns() where not internal and comment not like '_% | _%'"
    assert rows(data, role, silent) == []


def test_the_files_follow_publications_and_rollbacks(data: DataRoot, publish_again: Publish) -> None:
    first = publish_again()
    write_role_files(data)
    last = [publish_again(kpi=kpi) for kpi in (4, 5)][-1]
    assert write_role_files(data).publication_id == last
    folder = data.published / "roles" / "analyst"
    # The previous file stays: a reader may have it open.
    assert sorted(path.name for path in folder.glob("warehouse-*")) == [
        f"warehouse-{first}.duckdb",
        f"warehouse-{last}.duckdb",
    ]
    rollback(data, first)
    assert write_role_files(data).publication_id == first
    assert rows(data, "public", "select case_count from reports.rpt_sum") == [(3,)]


class Crash(BaseException):
    """The point at which the process dies."""


@pytest.mark.parametrize("step", ["_copy", "_describe", "show_folder"])
def test_a_crash_leaves_the_previous_file(
    data: DataRoot, publish_again: Publish, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    publish_again()
    write_role_files(data)
    publish_again(kpi=4)

    def die(*_: Any) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(files, step, die)
        with pytest.raises(Crash):
            write_role_files(data)
    assert rows(data, "public", "select case_count from reports.rpt_sum") == [(3,)]
    write_role_files(data)
    assert rows(data, "public", "select case_count from reports.rpt_sum") == [(4,)]
    assert not list((data.published / "roles").rglob("*.tmp"))


def test_the_file_of_a_removed_role_is_removed(data: DataRoot, publish_again: Publish, tmp_path: Path) -> None:
    publish_again()
    write_role_files(data)
    known = yaml.safe_load(ROLES)
    del known["roles"]["public"]
    (tmp_path / "roles.yml").write_text(yaml.safe_dump(known), encoding="utf-8")
    write_role_files(data)
    assert not (data.published / "roles" / "public").exists()


def test_the_next_publication_does_not_change_the_files(data: DataRoot, publish_again: Publish) -> None:
    publish_again()
    write_role_files(data)
    publish_again(kpi=4)
    assert rows(data, "public", "from audit.publication") == [("20231231-001",)]


def test_a_publication_writes_the_files_where_a_site_asks_for_it(
    data: DataRoot, publish_again: Publish, tmp_path: Path
) -> None:
    publish_again()
    assert pipeline._role_warnings(data) == ()
    assert not (data.published / "roles").exists()
    (tmp_path / "roles.yml").write_text(f"with_publication: true\n{ROLES}", encoding="utf-8")
    assert pipeline._role_warnings(data) == ()
    assert (data.published / "roles" / "analyst" / "warehouse.duckdb").exists()
    (tmp_path / "roles.yml").write_text("roles: 1", encoding="utf-8")
    (warning,) = pipeline._role_warnings(data)
    assert "the files of roles could not be written" in warning and "wangjian roles publish" in warning


def test_without_a_publication_nothing_is_written(data: DataRoot) -> None:
    with pytest.raises(WangjianError, match="nothing is published yet"):
        write_role_files(data)


def test_the_command_line(
    data: DataRoot, publish_again: Publish, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_again()
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))

    def call(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["wangjian", "roles", *arguments])
        main()
        return capsys.readouterr().out

    assert "analyst  分析员 Analyst  [own]  公开、内部、敏感 (脱敏 masked)\n    marts, reports" in call("list")
    assert json.loads(call("list", "--json"))["roles"]["public"]["levels"] == ["PUBLIC"]
    shown = call("publish")
    assert "county 360702" in shown and "发布 publication 20231231-001; 4 个文件 files" in shown
    written = json.loads(call("publish", "--json"))
    assert written["files"][0]["path"].endswith("published/roles/analyst/warehouse.duckdb")
    assert [run.outcome for run in runs(data) if run.step == "roles"] == ["succeeded", "succeeded"]


# the file of roles ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("levels: [PUBLIC]", "levels: [PUBLIC, SECRET]", "roles.public.levels.1: Input should be"),
        ("levels: [PUBLIC]", "levels: []", "roles.public.levels: "),
        ("levels: [PUBLIC]", "levels: [PUBLIC], masked: [SENSITIVE]", "roles.public: masked: levels that the role does not see"),
        ("    tables: [dim", "    whole: [dim_region]\n    tables: [dim", "roles.public: whole and through are for file: per_county"),
        ("file: published,", "file: published, tables: [fct_lead],", "roles.engineer: the published file has all tables"),
        ("fct_lead.lead_key", "fct_lead", "String should match pattern"),
        ("  county:", "  Bad/Name:", "String should match pattern"),
        ("    en: County\n", "", "roles.county.en: Field required"),
    ],
)  # fmt: skip
def test_a_wrong_file_of_roles_is_refused(data: DataRoot, tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "roles.yml"
    if new.startswith("levels: [PUBLIC], masked"):
        new = "levels: [PUBLIC]\n    masked: [SENSITIVE]"
    assert old in ROLES
    path.write_text(ROLES.replace(old, new, 1) if old != "levels: [PUBLIC]" else new.join(ROLES.rsplit(old, 1)))
    with pytest.raises(BadArguments) as caught:
        load_roles()
    assert message in str(caught.value) and f"file={path}" in str(caught.value)


def test_all_unknown_names_are_reported(data: DataRoot, publish_again: Publish, tmp_path: Path) -> None:
    publish_again()
    text = ROLES.replace("whole: [dim_region]", "whole: [dim_regoin]").replace(
        "[fct_lead.lead_key]", "[fct_lead.lead_no]"
    )
    (tmp_path / "roles.yml").write_text(text)
    with pytest.raises(BadArguments) as caught:
        write_role_files(data)
    for name in ("county: dim_regoin", "county: fct_lead has no lead_no", "county: fct_lead_event has no lead_no"):
        assert name in str(caught.value)


def test_tables_that_belong_to_each_other_in_a_circle_are_refused(
    data: DataRoot, publish_again: Publish, tmp_path: Path
) -> None:
    publish_again()
    (tmp_path / "roles.yml").write_text(ROLES.replace("[fct_lead.lead_key]", "[fct_note.lead_key]"))
    with pytest.raises(WangjianError, match="in a circle"):
        write_role_files(data)


def test_the_roles_of_the_package_name_existing_tables() -> None:
    models = {path.stem for path in (DBT_PROJECT / "models").rglob("*.sql")}
    named = {name for role in load_roles(DEFAULTS).roles.values() for name in role.named_tables()}
    assert named - models == set()
    assert len(named) > 20
