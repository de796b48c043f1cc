"""The vocabulary: violations, categories, and the free texts that providers use for them.

The first text of each list is the usual one. `UNMAPPED_*` are texts that deliberately have no alias.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """A kind of violation: where it occurs, its names at the providers, and the article of the law."""

    code: str
    name: str
    texts: tuple[str, ...]
    categories: tuple[str, ...]
    storefront_types: tuple[str, ...]
    law: str
    weight: int


_ALL = ("SITE", "SHOP", "TAKEOUT", "APP", "MINI", "OA", "LIVEROOM")
_GOODS = ("SITE", "SHOP", "MINI", "OA", "LIVEROOM", "APP")

VIOLATIONS = {
    violation.code: violation
    for violation in (
        Violation("V01", "虚假或引人误解宣传", ("虚假宣传", "虚假或引人误解宣传", "夸大宣传"), ("FOOD-HEALTH", "COSM-ORD", "FOOD-AGRI"), _GOODS,
                  "《反不正当竞争法》第八条", 14),
        Violation("V02", "刷单炒信", ("刷单炒信", "虚假交易", "虚假评价"), ("OTHER", "CATER", "FOOD-PREPACK"), ("SHOP", "TAKEOUT"),
                  "《反不正当竞争法》第八条", 6),
        Violation("V03", "虚假广告", ("虚假广告", "发布虚假广告"), ("FOOD-HEALTH", "COSM-ORD", "OTHER"), _GOODS, "《广告法》第二十八条", 8),
        Violation("V04", "绝对化用语等禁止内容", ("绝对化用语", "广告禁用语", "使用绝对化用语"), ("FOOD-PREPACK", "COSM-ORD", "OTHER"), _GOODS,
                  "《广告法》第九条", 14),
        Violation("V05", "普通食品/商品涉疾病治疗", ("涉疾病治疗功能宣传", "普通食品宣传疗效"), ("FOOD-PREPACK", "FOOD-AGRI"), _GOODS,
                  "《广告法》第十七条", 8),
        Violation("V06", "销售禁限售商品", ("销售禁限售商品", "禁止销售商品", "禁限售"), ("MIL", "SPEC", "WILDLIFE", "TOY-DANGER"), _GOODS,
                  "《电子商务法》第十三条", 6),
        Violation("V07", "未公示执照/许可", ("未亮照亮证", "未公示营业执照", "未公示经营许可"), ("CATER", "FOOD-PREPACK", "OTHER"), _ALL,
                  "《电子商务法》第十五条", 18),
        Violation("V08", "无照经营/未登记", ("无照经营", "未办理市场主体登记"), ("OTHER", "FOOD-AGRI"), ("SHOP", "SITE", "LIVEROOM"),
                  "《电子商务法》第十条", 4),
        Violation("V09", "无证经营食品", ("无证经营食品", "无证网络餐饮", "幽灵外卖"), ("CATER", "FOOD-PREPACK"), ("TAKEOUT", "SHOP", "MINI"),
                  "《食品安全法》第三十五条", 12),
        Violation("V10", "违规网售药品", ("违规网售药品", "违法网络销售药品"), ("DRUG-RX", "DRUG-OTC", "DRUG-BAN"), ("SHOP", "SITE", "MINI"),
                  "《药品管理法》第六十一条", 3),
        Violation("V11", "违规网售化妆品", ("违规网售化妆品", "化妆品违法经营"), ("COSM-SPECIAL", "COSM-CHILD"), ("SHOP", "LIVEROOM", "MINI"),
                  "《化妆品监督管理条例》第六十一条", 3),
        Violation("V12", "违规网售医疗器械", ("违规网售医疗器械", "医疗器械违法经营"), ("MEDDEV",), ("SHOP", "SITE"),
                  "《医疗器械监督管理条例》第四十六条", 3),
        Violation("V13", "燃气灶具/缺CCC/质量", ("缺少CCC认证", "产品质量不合格"), ("GAS", "EBIKE", "WIRE"), ("SHOP", "SITE"),
                  "《认证认可条例》第六十六条", 4),
        Violation("V14", "价格欺诈/未明码标价", ("价格欺诈", "未明码标价"), ("FOOD-AGRI", "CATER", "OTHER"), _ALL, "《价格法》第十四条", 6),
        Violation("V15", "侵犯商标权/假冒", ("侵犯商标专用权", "涉嫌假冒商标"), ("OTHER", "COSM-ORD"), _GOODS, "《商标法》第五十七条", 4),
        Violation("V16", "侵害消费者权益", ("侵害消费者权益", "不公平格式条款"), ("OTHER", "CHILD"), _ALL, "《消费者权益保护法》第二十六条", 4),
        Violation("V17", "搭售默认勾选", ("搭售默认勾选", "默认勾选搭售"), ("CATER", "OTHER"), ("TAKEOUT", "APP", "MINI"),
                  "《电子商务法》第十九条", 2),
    )
}  # fmt: skip

CATEGORY_TEXTS = {
    "FOOD-HEALTH": ("保健食品", "保健品"), "FOOD-PREPACK": ("预包装食品", "食品"), "FOOD-AGRI": ("食用农产品", "农产品"),
    "DRUG-RX": ("处方药",), "DRUG-OTC": ("非处方药", "OTC药品"), "DRUG-BAN": ("禁售药品",), "COSM-SPECIAL": ("特殊化妆品",),
    "COSM-ORD": ("普通化妆品", "化妆品"), "COSM-CHILD": ("儿童化妆品",), "MEDDEV": ("医疗器械",), "GAS": ("燃气灶具", "燃气具"),
    "CATER": ("餐饮", "外卖餐饮", "餐饮服务"), "CHILD": ("儿童学生用品", "儿童用品"), "EBIKE": ("电动自行车及配件", "电动车"),
    "WIRE": ("电线电缆",), "TOY-DANGER": ("危险玩具",), "MIL": ("军字号商品",), "SPEC": ("特供专供商品",), "WILDLIFE": ("野生动植物",),
    "OTHER": ("其他", "日用百货"),
}  # fmt: skip

PRODUCTS = {
    "FOOD-HEALTH": "灵芝孢子粉", "FOOD-PREPACK": "客家米酒", "FOOD-AGRI": "赣南脐橙", "DRUG-RX": "阿莫西林胶囊", "DRUG-OTC": "感冒灵颗粒",
    "DRUG-BAN": "复方甘草片", "COSM-SPECIAL": "祛斑霜", "COSM-ORD": "山茶油面霜", "COSM-CHILD": "宝宝霜", "MEDDEV": "医用口罩",
    "GAS": "燃气灶", "CATER": "招牌小炒套餐", "CHILD": "儿童书包", "EBIKE": "电动车充电器", "WIRE": "铜芯电线", "TOY-DANGER": "萝卜刀",
    "MIL": "军用水壶", "SPEC": "特供酒", "WILDLIFE": "野生石斛", "OTHER": "收纳盒",
}  # fmt: skip

STOREFRONT_TYPE_TEXTS = {
    "SITE": ("网站", "自建网站"), "SHOP": ("网店", "店铺"), "TAKEOUT": ("外卖店", "外卖"), "APP": ("APP", "手机应用"),
    "MINI": ("小程序", "微信小程序"), "OA": ("公众号", "微信公众号"), "LIVEROOM": ("直播间", "直播"), "PLATFORM": ("平台",),
}  # fmt: skip

PLATFORM_TEXTS = {
    "TAOBAO": ("淘宝", "淘宝网"), "TMALL": ("天猫", "天猫商城"), "JD": ("京东", "京东商城"), "PDD": ("拼多多",), "A1688": ("1688", "阿里巴巴1688"),
    "VIPSHOP": ("唯品会",), "SUNING": ("苏宁易购",), "DOUYIN": ("抖音", "抖音电商"), "KUAISHOU": ("快手", "快手小店"), "XHS": ("小红书",),
    "WXCHANNELS": ("视频号", "微信视频号"), "MEITUAN": ("美团", "美团外卖"), "ELEME": ("饿了么",), "JDWM": ("京东外卖",),
    "WXMINI": ("微信小程序",), "ALIPAYMINI": ("支付宝小程序",), "YOUZAN": ("有赞",), "WEIDIAN": ("微店",), "XIANYU": ("闲鱼",),
}  # fmt: skip
"""The names of platforms in lists. A local platform appears with its own name, with or without the mark `(模拟)`."""

LINK_STATUS_TEXTS = {"OK": "正常", "DEAD": "失效", "MOVED": "跳转"}

UNMAPPED_VIOLATIONS = ("疑似违规经营(待定性)", "其他问题")
UNMAPPED_PLATFORM = "本地拼团群"
UNMAPPED_CATEGORY = "新奇特商品"

LEAD_CHANNELS = {
    "NATIONAL": "总局下发", "PROVINCE": "省级", "SELF": "自主监测", "PLATFORM": "平台报送", "THIRD_PARTY": "第三方", "OTHER": "其他",
}  # fmt: skip
LEAD_RESULTS = {
    "FILED": "立案", "ORDERED": "责令改正", "MINOR": "轻微不予处罚", "TRANSFERRED": "移送", "UNFOUNDED": "查无实据",
    "UNREACHABLE": "无法联系", "DUPLICATE": "重复", "NOT_JURISDICTION": "不属管辖",
}  # fmt: skip
TRANSFER_TARGETS = {"POLICE": "公安", "OTHER_AGENCY": "其他部门", "OTHER_REGION": "外地"}
PARTY_KINDS = {
    "ENTERPRISE": "企业", "INDIVIDUAL_BUSINESS": "个体工商户", "COOPERATIVE": "农专社", "NATURAL_PERSON": "自然人", "OTHER": "其他",
}  # fmt: skip
