"""Each macro returns the same for the same text on both engines, for texts of the sources and for hostile texts."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from wangjian.core.paths import DBT_PROJECT
from wangjian.warehouse import hosts
from wangjian.warehouse.macros import rendered_macros
from warehouse.spark.conftest import Running, asked

# Spark starts in a minute where the machine is busy, and builds in ten
pytestmark = [pytest.mark.world("spark", minutes=8), pytest.mark.slow, pytest.mark.timeout(3600)]

DATES = [
    "2023-07-03", "2023/7/3", "20230703", "2023年7月3日", "2023.7.3", "2023-02-29", "2023-13-01", "2023-00-10", " 2023-07-03", "2023-7-3 08:00",
    "2023-07-03T08:00:00", "23-7-3", "2023-7", "2023", "20230732", "0001-01-01", "9999-12-31", "2023--07-03", "2023-7-3T1", "2023-07-3x",
    "not a date", "", " ", "-", "--", "１９９９-01-01", "２０２３0703", "2023-07-03\n",
]  # fmt: skip
TIMES = [
    "2023-07-03T08:00:00+08:00", "2023-07-03T00:00:00Z", "2023-07-03 08:00:00", "2023-07-03 08:00", "2023-07-03T08:00:00.123456+08:00",
    "2023-07-03T23:59:59.999999Z", "2023-07-03T08:00:00.5Z", "2023-07-03 25:00:00", "2023-07-03 08:60:00", "2023-07-03 08:00:60", "2023-7-3 08:00:00",
    "2023-07-03T08:00:00+09:00", "2023-07-03T08:00:00-01:00", "2023-07-03 08:00:00 ", "2023-07-03 08:00:00 PM", "2023-07-03 08:00:00.", "T+08:00", "Z",
    "2024-02-29T24:00:00+08:00", "2023-02-29T08:00:00Z", "0001-01-01T00:00:00Z", "2023-07-03T24:00:00.5+08:00", "2023-07-03T08:00:00.123456789Z",
    "2023/07/03 08:00:00", "2023-07-03  08:00:00", "xxxxxxxxxxxxxxxxxxxx",
]  # fmt: skip
NUMBERS = [
    "0", "1", "-1", "+5", "1.5", "2.5", "-2.5", "0.004", "0.005", "1.005", "-1.005", "1,410,000.00", "1,41", "12,345", "1e3", "1E-3", " 5 ", "5.", ".5",
    "1_000", "0x10", "0xFF", "nan", "inf", "-0", "99999999999999999", "9999999999999999.99", "99999999999999999999", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "１２", "5e", "--1", "1 2", "12abc", "true", "是", "否", "TRUE", "Y", "n",
]  # fmt: skip
CODES = [
    "赣市监处罚〔2023〕12号", "赣市监处罚[2023]第012号", "（赣）市监罚（2023）0012号", "〔杭临〕市监处罚〔2024〕131号", "赣市监处罚【２０２３】第００１２号",
    "赣市监〔2023〕第第012号", "〕第01〕第02", "91360702MA35AAAA49", "９１３６０７０２ＭＡ３５ＡＡＡＡ４９", "91360702ma35aaaa49", "9136 0702MA35AAAA49",
    "91350100M000100Y4Z", "360702198001011234", "123456789012345", "JY13607020000017", "jy13607020000017", "SC10736070200014", "JY1360702000001", "XX12",
    "赣ICP备2022005379号-1", "赣ICP备2022005379号-12 ", "赣icp备2022005379号", "　赣ICP备1号-1　", "\u00a0x\u2003", "\ty\t",
]  # fmt: skip
PERSONS = [
    "王小明", "欧阳锋", "电话13807971234，找王小明", "13807971234;13907971235", "+86 138-0797-1234", "360702198001011234", "36070219800101123X",
    "卡号6222021234567890123", "62220212345678901236222021234567890123", "mail a.b@c.com, d@e.cn", "住址：章江街道红旗大道12号3栋201室", "0797-8123456", "07978123456",
    "李某", "王府井商店", "章贡区某公司", "李", "a1380797123413907971235b", "赣市监处罚〔2023〕12号", '{"a":"王小明","b":null}', "王小明|李四", "x\ny#z", "街道1号\n2号",
]  # fmt: skip
URLS = [
    "https://www.example.com/", "HTTP://Example.COM:80/a/?b=1&utm_source=x#f", "https://shop.example.com/item.htm?id=1&spm=a.b&id=2", "//example.com/a//", "example.com",
    "https://example.com:443/?from=x&a=1&&b=2&", "https://example.com/a?b", "http://example.com:8080/a/b/?share=1", "https://example.com/a b?c d", "ftp://x/y?z#",
    "https://www.www.example.com/#a#b", "https://example.com/\n#x", "https://example.com?timestamp=1&_t=2&q=3", "http://", "?a=1", "#", " https://example.com ",
]  # fmt: skip
LISTS = [
    '["V01","V02"]',
    "[]",
    '["V01"',
    "['V01']",
    "[1,2]",
    "[null]",
    '["V01",]',
    '[ "V01" ] x',
    '[" V01 "]',
    "[",
    '["\\u8d63"]',
    '["a","b"',
    '["a, ]"]',
    '[{"a":1}]',
    "V01;V02",
    "V01; V02",
]
NULL_AND_ODD: list[str | None] = [None, "", " ", "'", "\\", "\\1", "$1", "%", "_", "😀", "\u2028", "a\x0bb"]
TEXTS: list[str | None] = [*DATES, *TIMES, *NUMBERS, *CODES, *PERSONS, *URLS, *LISTS, *NULL_AND_ODD]

MACROS = (
    "text_to_date", "text_to_timestamp", "text_to_boolean", "text_to_decimal", "text_to_integer", "text_to_json_list", "case_no_normalised", "case_no_is_valid",
    "case_no_prefix", "list_text_to_json", "uscc_normalised", "uscc_is_valid", "uscc_invalid_reason", "licence_normalised", "licence_invalid_reason", "url_canonical",
    "url_own_host", "url_host", "icp_root", "masked", "masked_personal", "trimmed",
)  # fmt: skip


def test_macros_agree(running: Running, tmp_path: Path) -> None:
    path = tmp_path / "texts.parquet"
    pq.write_table(pa.table({"place": range(len(TEXTS)), "text": pa.array(TEXTS, pa.string())}), path)
    duck, spark = rendered_macros(), rendered_macros("spark")
    with duckdb.connect() as connection:
        hosts.register(connection)
        columns = ", ".join(f"cast({duck(name, 'given.text')} as varchar)" for name in MACROS)
        by_duckdb = connection.sql(f"select {columns} from '{path}' as given order by place").fetchall()
    columns = ", ".join(f"cast({spark(name, 'given.text')} as string)" for name in MACROS)
    # the function that a build makes
    function = "create or replace function raw_audit.idn_to_ascii(written string) returns string return written"
    query = f"select {columns} from parquet.`{path}` as given order by place"
    by_spark = asked(running.spark.port, "create schema if not exists raw_audit", function, query)
    different = [
        f"{name}({text!r}): DuckDB {one!r}, Spark {other!r}"
        for text, ones, others in zip(TEXTS, by_duckdb, by_spark, strict=True)
        for name, one, other in zip(MACROS, ones, others, strict=True)
        # another test compares hosts beyond ASCII
        if one != other and (name != "url_canonical" or (text or "").isascii())
    ]
    assert different == []


def test_sessions_have_the_settings_of_the_profile(running: Running) -> None:
    """The settings of the profile apply. Spark ignores an unknown setting without an error."""
    profile = yaml.safe_load((DBT_PROJECT / "profiles.yml").read_text(encoding="utf-8"))["wangjian"]["outputs"]["spark"]
    wanted = {key.removeprefix("set:hiveconf:"): value for key, value in profile["server_side_parameters"].items()}
    assert "spark.sql.timestampType" in wanted
    assert {key: asked(running.spark.port, f"set {key}")[0][1] for key in wanted} == wanted
