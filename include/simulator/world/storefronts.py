"""Make the operators and storefronts, with their changes during the range."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from simulator import figures
from simulator.scenario import Scenario, day_hash
from simulator.world.identifiers import icp, licence, uscc, uscc_body
from simulator.world.places import COUNTIES, COUNTY_WEIGHTS, HISTORIC, ZONES
from simulator.world.platforms import LOCAL
from simulator.world.vocabulary import CATEGORY_TEXTS

PLATFORMS_OF = {
    "SHOP": (
        "TAOBAO",
        "TMALL",
        "JD",
        "PDD",
        "A1688",
        "DOUYIN",
        "KUAISHOU",
        "YOUZAN",
        "WEIDIAN",
        "GZ01",
        "GZ02",
        "GZ06",
    ),
    "TAKEOUT": ("MEITUAN", "ELEME", "JDWM", "GZ05"),
    "MINI": ("WXMINI", "ALIPAYMINI"),
    "LIVEROOM": ("DOUYIN", "KUAISHOU", "WXCHANNELS", "GZ27"),
}
_FAMILY = "陈王李张刘杨黄赵吴周徐孙马朱胡林郭何高罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华"
_TRADE = ("果业", "食品", "商贸", "电子商务", "餐饮", "家居", "服饰", "日化", "农业发展", "科技")
_WORD = ("客家", "虔城", "赣南", "章江", "贡水", "橙乡", "红都", "围屋", "峰山", "通天岩", "三百山", "梅关")


@dataclass
class Storefront:
    """One storefront. `changes` are (day, changed fields), ascending; from `removed_on` on no roster contains it."""

    storefront_id: str
    base: dict[str, Any]
    opened_on: date
    changes: list[tuple[date, dict[str, Any]]] = field(default_factory=list)
    removed_on: date | None = None
    salt: int = field(init=False)

    def __post_init__(self) -> None:
        self.salt = day_hash(self.storefront_id)

    def changes_until(self, day: date) -> int:
        """Return the number of changes up to a day."""
        return bisect_right(self.changes, day, key=lambda change: change[0]) if self.changes else 0

    def state(self, day: date) -> dict[str, Any]:
        """Return the fields as they are on a day."""
        state = dict(self.base)
        for _, changed in self.changes[: self.changes_until(day)]:
            state |= changed
        return state

    def is_listed(self, day: date) -> bool:
        return self.opened_on <= day and (self.removed_on is None or day < self.removed_on)


def person_name(rng: Random) -> str:
    """Return a synthetic personal name."""
    return rng.choice(_FAMILY) + "".join(rng.choices(_GIVEN, k=rng.choice((1, 2, 2))))


def build_storefronts(scenario: Scenario) -> list[Storefront]:
    """Return every storefront of the world, in the order of the ids."""
    storefronts: list[Storefront] = []
    for kind, stock in figures.ACTIVE_AT_END.items():
        rng = scenario.rng("storefronts", kind)
        active = stock if kind == "PLATFORM" else max(3, round(stock * scenario.scale))
        closed = round(active * figures.CLOSED_SHARE * scenario.share_of_year)
        suspended = round(active * figures.SUSPENDED_SHARE * scenario.share_of_year)
        fates = ["ACTIVE"] * active + ["CLOSED"] * closed + ["SUSPENDED"] * suspended
        storefronts += [_storefront(scenario, rng, kind, len(storefronts) + n, fate) for n, fate in enumerate(fates)]
    return storefronts


def _storefront(scenario: Scenario, rng: Random, kind: str, number: int, fate: str) -> Storefront:
    base = _base(rng, kind, number)
    opened = scenario.start - timedelta(days=rng.randrange(30, 1500))
    if rng.random() < figures.OPENED_SHARE * scenario.share_of_year and kind != "PLATFORM":
        opened = scenario.start + timedelta(days=rng.randrange(scenario.day_count))
    base["first_seen_on"] = str(opened)
    storefront = Storefront(base["storefront_id"], base, opened)
    last = scenario.end - timedelta(days=1)
    if fate != "ACTIVE":
        day = _between(rng, opened, last)
        storefront.changes.append((day, {"status": fate, "is_trading": False}))
        if fate == "CLOSED" and rng.random() < 0.5:
            storefront.removed_on = (day.replace(day=1) + timedelta(days=45)).replace(day=1)
    elif rng.random() < figures.CHANGED_SHARE * scenario.share_of_year and opened < last:
        storefront.changes.append((_between(rng, opened, last), _change(rng, base)))
    return storefront


def _between(rng: Random, opened: date, last: date) -> date:
    first = max(opened + timedelta(days=1), last - timedelta(days=400))
    return first + timedelta(days=rng.randrange(max(1, (last - first).days + 1)))


def _change(rng: Random, base: dict[str, Any]) -> dict[str, Any]:
    return rng.choice(
        (
            {"storefront_name": base["storefront_name"] + "(新店)"},
            {"business_licence_displayed": not base["business_licence_displayed"]},
            {
                "address": "赣州市" + base["storefront_name"][:2] + f"路{rng.randrange(1, 300)}号",
                "contact_phone": _phone(rng),
            },
            {"permit_displayed": True},
            {"licence_no": licence("JY", "1", base["region_code"], rng.randrange(1, 999999))},
        )
    )


def _phone(rng: Random) -> str:
    return f"1{rng.choice('3578')}{rng.randrange(10**9):09d}"


def _base(rng: Random, kind: str, number: int) -> dict[str, Any]:
    county = rng.choices(tuple(COUNTIES), COUNTY_WEIGHTS)[0]
    registrar = HISTORIC[county] if county in HISTORIC and rng.random() < 0.2 else county
    operator_kind, operator, code = _operator(rng, kind, number, registrar)
    platform = None if kind in ("SITE", "APP", "OA") else rng.choice(PLATFORMS_OF.get(kind, ("GZ01",)))
    if kind == "PLATFORM":
        platform = LOCAL[number % len(LOCAL)].code
    shop_id = f"{day_hash('shop', number) % 10**6}{number:06d}" if platform else None
    name = rng.choice(_WORD) + rng.choice(_TRADE) + {"SITE": "官网", "TAKEOUT": "外卖店"}.get(kind, "店") + str(number)
    return {
        "storefront_id": f"W{number:08d}",
        "storefront_type": kind,
        "storefront_name": name,
        "platform_code": platform,
        "platform_shop_id": shop_id,
        "url": _url(rng, kind, number, platform, shop_id),
        "icp_no": icp(2016 + number % 7, number % 1_000_000, 1) if kind in ("SITE", "APP", "PLATFORM") else None,
        "operator_name": operator,
        "uscc": code,
        "operator_kind": operator_kind,
        "licence_no": licence("JY", "2", registrar, number % 1_000_000) if kind == "TAKEOUT" else None,
        "region_code": registrar,
        "business_region_code": county if rng.random() < 0.9 else None,
        "address": f"江西省赣州市{COUNTIES[county]}{rng.choice(_WORD)}路{rng.randrange(1, 400)}号",
        "contact_phone": _phone(rng),
        "category_code": "CATER" if kind == "TAKEOUT" else rng.choice(tuple(CATEGORY_TEXTS)),
        "is_trading": (rng.random() < 0.55) if kind == "SITE" else True,
        "business_licence_displayed": rng.random() < 0.86,
        "permit_displayed": rng.random() < 0.8 if kind == "TAKEOUT" else None,
        "status": "ACTIVE",
    }


def _operator(rng: Random, kind: str, number: int, registrar: str) -> tuple[str, str, str | None]:
    kinds = ("ENTERPRISE", "INDIVIDUAL_BUSINESS", "COOPERATIVE", "NATURAL_PERSON")
    weights = {"SITE": (90, 8, 2, 0), "PLATFORM": (1, 0, 0, 0), "TAKEOUT": (20, 78, 2, 0)}.get(kind, (40, 38, 4, 18))
    operator_kind = rng.choices(kinds, weights)[0]
    person, word = person_name(rng), rng.choice(_WORD) + rng.choice(_TRADE)
    prefix = {"ENTERPRISE": "91", "INDIVIDUAL_BUSINESS": "92", "COOPERATIVE": "93"}.get(operator_kind)
    # some neighbours share an operator, so that there are operators with several storefronts
    subject = number if number % 9 else max(0, number - 1)
    code = uscc(prefix, registrar, uscc_body(1_000_000 + subject * 7)) if prefix else None
    if code and number % 2003 == 17:
        code = code[:-1] + ("0" if code[-1] != "0" else "1")
    name = {
        "ENTERPRISE": f"赣州{word}(模拟{subject})有限公司",
        "INDIVIDUAL_BUSINESS": f"{COUNTIES.get(registrar, '赣州市')}{person}{rng.choice(_TRADE)}店",
        "COOPERATIVE": f"赣州{word}(模拟{subject})农民专业合作社",
        "NATURAL_PERSON": person,
    }[operator_kind]
    return operator_kind, name, code


def _url(rng: Random, kind: str, number: int, platform: str | None, shop_id: str | None) -> str | None:
    if kind in ("MINI", "OA"):
        return None
    if kind in ("SITE", "APP", "PLATFORM"):
        host = f"赣南{number}.中国" if number % 97 == 0 else f"www.gz{number}-sim.com"
        return rng.choice((f"http://{host}/", f"https://{host}", host))
    host = f"shop.{str(platform).lower()}-sim.com"
    tail = rng.choice(("", "?spm=a1z10.1-c", "?utm_source=app&utm_medium=share"))
    return rng.choice(("https://", "http://", "")) + f"{host}/shop/{shop_id}{tail}"


def zone_org(rng: Random, county: str) -> str:
    """Return the organ that handles a lead of a county: the county's own, or that of a zone in it."""
    return rng.choice(tuple(ZONES)) if county == "360702" and rng.random() < 0.25 else f"{county}-01"
