"""The key of the keyed hash: the same key gives the same rows, a new key parses hashed rows again, a lost key is an error."""

from __future__ import annotations

import sys

import duckdb
import pytest

from support.landed import Land, controlled
from wangjian.cli import main
from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing import parse
from wangjian.ingestion.parsing.key_rotation import rotate_key
from wangjian.ingestion.parsing.keyed_hash import keys, load_key
from wangjian.ingestion.sources.registry import get_source
from wangjian.state.audit_chain import verify_audit_log
from wangjian.state.audit_log import records

NUMBER = "360702199003077715"
PARTIES = (
    f"立案号,序号,名称,主体类型,统一社会信用代码,证件号码\r\n赣市监立案〔2023〕1号,1,张三,自然人,,{NUMBER}\r\n".encode(
        "gb18030"
    )
)


@pytest.fixture
def parsed(data: DataRoot, land: Land) -> DataRoot:
    """A data root with two days of parties, which have a hashed number, and of inspections, which have none."""
    for day in ("2023-01-02", "2023-02-02"):
        land("jiangxi", "case_parties", day, controlled("case_parties", PARTIES, 1))
        land("jiangxi", "inspections", day, {"inspections.csv": b"broken"})
    parse(get_source("jiangxi"), data)
    return data


def hashes(data: DataRoot) -> list[str]:
    query = f"select _business_date, id_no from read_parquet('{data.raw}/jiangxi/case_parties/*/*.parquet') where id_no is not null"
    ledger = f"select batch_id from read_parquet('{data.raw}/_ledger/jiangxi/**/*.parquet')"
    with duckdb.connect() as connection:
        known = f"{query} and _batch_id in ({ledger}) order by all"
        return [value for _, value in connection.execute(known).fetchall()]


def parse_again(data: DataRoot) -> int:
    return parse(get_source("jiangxi"), data).files


def test_the_same_key_gives_the_same_hashes(parsed: DataRoot) -> None:
    before = hashes(parsed)
    assert len(before) == 2 and len(set(before)) == 1 and len(before[0]) == 64
    assert parse_again(parsed) == 0
    parse(get_source("jiangxi"), parsed, again=lambda *_: True)
    assert hashes(parsed) == before


def test_after_a_new_key_only_hashed_datasets_are_parsed_again(parsed: DataRoot) -> None:
    before = hashes(parsed)
    key = rotate_key(parsed, "人员离任")
    assert (key.version, [version.version for version in keys(parsed.state)]) == (2, [1, 2])
    assert key.path.stat().st_mode & 0o777 == 0o600
    # two months, each with a CSV and its control file
    assert parse_again(parsed) == 4
    after = hashes(parsed)
    assert len(after) == 2 and set(after).isdisjoint(before)
    assert parse_again(parsed) == 0
    parse(get_source("jiangxi"), parsed, again=lambda *_: True)
    assert hashes(parsed) == after
    (record,) = records(parsed)
    assert (record.action, record.purpose) == ("KEY_ROTATED", "人员离任")
    assert record.selection == {"from_version": "1", "to_version": "2"}
    assert verify_audit_log(parsed).is_whole


def test_going_back_to_the_old_key_gives_the_old_hashes(parsed: DataRoot) -> None:
    before = hashes(parsed)
    rotate_key(parsed, "演练").path.rename(parsed.state / "put_away")
    parse_again(parsed)
    assert hashes(parsed) == before


def test_a_lost_key_does_not_mix_hashes_silently(parsed: DataRoot, land: Land) -> None:
    before = hashes(parsed)
    keys(parsed.state)[0].path.unlink()
    land("jiangxi", "case_parties", "2023-02-03", controlled("case_parties", PARTIES, 1))
    parse_again(parsed)
    after = hashes(parsed)
    assert len(after) == 3 and len(set(after)) == 1 and after[0] != before[0]


def test_a_restored_key_gives_the_old_hashes(parsed: DataRoot) -> None:
    before, path = hashes(parsed), keys(parsed.state)[0].path
    backup = path.read_text()
    path.unlink()
    parse_again(parsed)
    path.write_text(backup)
    assert parse_again(parsed) == 4
    assert hashes(parsed) == before


def test_a_key_that_other_users_can_read_is_refused(data: DataRoot) -> None:
    path = load_key(data.state).path
    path.chmod(0o640)
    with pytest.raises(WangjianError, match=r"other users can read the key.*chmod 600"):
        load_key(data.state)
    path.chmod(0o600)
    path.write_text("0" * 62)
    with pytest.raises(WangjianError, match="not a key"):
        load_key(data.state)


def test_a_new_key_needs_a_reason(data: DataRoot) -> None:
    with pytest.raises(BadArguments, match="needs a reason"):
        rotate_key(data, "  ")
    assert keys(data.state) == []


def test_the_command_line_never_shows_a_key(
    data: DataRoot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load_key(data.state)
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))
    for arguments in (["rotate", "--reason", "定期更换"], ["list"], ["list", "--json"]):
        monkeypatch.setattr(sys, "argv", ["wangjian", "keys", *arguments])
        main()
    shown = capsys.readouterr().out
    for key in keys(data.state):
        assert key.fingerprint in shown
        assert key.secret.hex() not in shown and key.secret.hex() not in repr(key) and repr(key.secret) not in repr(key)
