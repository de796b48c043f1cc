"""The trading platforms: the national ones, and forty invented local ones (GZ01 … GZ40)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from simulator.world.identifiers import uscc


@dataclass(frozen=True)
class Platform:
    """A platform. `renamed` is a new name and the day from which it is used."""

    code: str
    name: str
    platform_type: str
    operator_name: str
    uscc: str
    region_code: str
    is_local: bool
    enabled_on: date
    disabled_on: date | None = None
    renamed: tuple[date, str] | None = None

    def name_on(self, day: date) -> str:
        """Return the platform's name on a day."""
        return self.renamed[1] if self.renamed and day >= self.renamed[0] else self.name


_NATIONAL = (
    ("TAOBAO", "淘宝", "综合电商", "330110"), ("TMALL", "天猫", "综合电商", "330110"), ("JD", "京东", "综合电商", "110115"),
    ("PDD", "拼多多", "综合电商", "310105"), ("A1688", "1688", "综合电商", "330108"), ("VIPSHOP", "唯品会", "综合电商", "440103"),
    ("SUNING", "苏宁易购", "综合电商", "320102"), ("DOUYIN", "抖音", "直播", "110108"), ("KUAISHOU", "快手", "直播", "110108"),
    ("XHS", "小红书", "直播", "310101"), ("WXCHANNELS", "微信视频号", "直播", "440305"), ("MEITUAN", "美团", "外卖餐饮", "110105"),
    ("ELEME", "饿了么", "外卖餐饮", "310107"), ("JDWM", "京东外卖", "外卖餐饮", "110115"), ("WXMINI", "微信小程序", "其他", "440305"),
    ("ALIPAYMINI", "支付宝小程序", "其他", "330106"), ("YOUZAN", "有赞", "综合电商", "330106"), ("WEIDIAN", "微店", "综合电商", "110108"),
    ("XIANYU", "闲鱼", "其他", "330110"),
)  # fmt: skip
_RENAMED = {"ELEME": (date(2025, 12, 5), "淘宝闪购")}

_LOCAL_NAMES = (
    ("赣南脐橙网", "农村电商"), ("客家优选", "综合电商"), ("虔城生活", "生活服务"), ("章江到家", "生活服务"), ("贡江外卖", "外卖餐饮"),
    ("南康家居汇", "综合电商"), ("信丰橙市", "农村电商"), ("于都红品", "农村电商"), ("瑞金红选", "综合电商"), ("兴国鱼米乡", "农村电商"),
    ("宁都黄鸡铺", "农村电商"), ("石城白莲仓", "农村电商"), ("会昌米粉街", "外卖餐饮"), ("寻乌蜜橘行", "农村电商"), ("安远三百山货", "农村电商"),
    ("龙南围屋集", "综合电商"), ("定南供销通", "农村电商"), ("全南芳香谷", "农村电商"), ("崇义竹艺坊", "综合电商"), ("上犹茶市", "农村电商"),
    ("大余南安板鸭汇", "农村电商"), ("赣县樱桃园", "农村电商"), ("蓉江快送", "外卖餐饮"), ("虔味外卖", "外卖餐饮"), ("赣州家政通", "生活服务"),
    ("章贡汽服网", "生活服务"), ("客家直播间", "直播"), ("红土地直播", "直播"), ("赣南好物播", "直播"), ("虔州团购", "综合电商"),
    ("赣州药房到家", "其他"), ("江南宋城票务", "生活服务"), ("赣南油茶网", "农村电商"), ("脐橙集采", "农村电商"), ("赣州二手集市", "其他"),
    ("虔城鲜花", "生活服务"), ("赣南冷链商城", "综合电商"), ("客家美食团", "外卖餐饮"), ("橙乡批发", "综合电商"), ("赣州租房网", "生活服务"),
)  # fmt: skip

_COUNTY_OF_LOCAL = ("360702", "360703", "360704", "360722", "360731", "360781", "360732", "360730", "360783", "360726")


def _national(index: int, code: str, name: str, kind: str, region: str) -> Platform:
    number = uscc("91", region, f"MA0N{index:04d}")
    operator = f"{name}平台经营者(模拟)有限公司"
    return Platform(code, name, kind, operator, number, region, False, date(2018, 3, 15), renamed=_RENAMED.get(code))


def _local(index: int, name: str, kind: str) -> Platform:
    region = _COUNTY_OF_LOCAL[index % len(_COUNTY_OF_LOCAL)]
    number = uscc("91", region, f"MA0L{index:04d}")
    operator = f"赣州{name}(模拟)网络科技有限公司"
    enabled = date(2018 + index % 4, 1 + index % 12, 1)
    code = f"GZ{index + 1:02d}"
    return Platform(code, f"{name}(模拟)", kind, operator, number, region, True, enabled)


NATIONAL = tuple(_national(index, *item) for index, item in enumerate(_NATIONAL))
LOCAL = tuple(_local(index, *item) for index, item in enumerate(_LOCAL_NAMES))
PLATFORMS = {platform.code: platform for platform in NATIONAL + LOCAL}
