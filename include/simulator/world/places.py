"""The counties, zones and organs of the five levels."""

from __future__ import annotations

from typing import Any

CITY = "360700"
COUNTIES: dict[str, str] = {
    "360702": "章贡区", "360703": "南康区", "360704": "赣县区", "360722": "信丰县", "360723": "大余县", "360724": "上犹县",
    "360725": "崇义县", "360726": "安远县", "360728": "定南县", "360729": "全南县", "360730": "宁都县", "360731": "于都县",
    "360732": "兴国县", "360733": "会昌县", "360734": "寻乌县", "360735": "石城县", "360781": "瑞金市", "360783": "龙南市",
}  # fmt: skip
"""The present codes of GB/T 2260."""

COUNTY_WEIGHTS = (24, 13, 8, 7, 4, 3, 3, 4, 3, 3, 6, 8, 6, 4, 3, 3, 6, 5)

HISTORIC = {"360704": "360721", "360783": "360727", "360703": "360782"}
"""The present code → the code before 2016, 2020 and 2013, which older registrations still have."""

ZONES = {"360702-91": "赣州经济技术开发区", "360702-92": "蓉江新区"}
"""The functional zones. They have an organ but no GB/T 2260 code of their own, so they use their county's."""

STATION_WORDS = ("城关", "东城", "西城", "城南", "水东", "工业园")
NATIONAL_ORG, PROVINCE_ORG, CITY_ORG = "000000-01", "360000-01", "360700-01"


def county_org(county: str) -> str:
    """Return the organ of a county."""
    return f"{county}-01"


def _organization(code: str, name: str, level: int, parent: str | None, *, is_active: bool = True) -> dict[str, Any]:
    return {
        "org_code": code,
        "org_name": name,
        "org_level": level,
        "parent_org_code": parent,
        "region_code": code[:6],
        "is_active": is_active,
    }


def _stations(county: str, name: str) -> list[dict[str, Any]]:
    count = 3 + int(county) % 4
    return [
        _organization(
            f"{county}-{11 + index}",
            f"{name}市场监督管理局{word}市场监督管理所",
            5,
            county_org(county),
            # a merged station stays on the list, inactive
            is_active=not (index == 5 and county == "360702"),
        )
        for index, word in enumerate(STATION_WORDS[:count])
    ]


def organizations() -> list[dict[str, Any]]:
    """Return every organ as the five-level system exports it, each after its superior."""
    rows = [
        _organization(NATIONAL_ORG, "国家市场监督管理总局", 1, None),
        _organization(PROVINCE_ORG, "江西省市场监督管理局", 2, NATIONAL_ORG),
        _organization(CITY_ORG, "赣州市市场监督管理局", 3, PROVINCE_ORG),
    ]
    rows += [_organization(county_org(code), f"{name}市场监督管理局", 4, CITY_ORG) for code, name in COUNTIES.items()]
    rows += [_organization(code, f"{name}市场监督管理局", 4, CITY_ORG) for code, name in ZONES.items()]
    for code, name in COUNTIES.items():
        rows += _stations(code, name)
    return rows
