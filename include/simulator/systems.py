"""Make the daily exports of the three systems: each describes the same world with its own fields and terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from simulator import figures
from simulator.scenario import Scenario, day_hash
from simulator.world.cases import Case, build_cases
from simulator.world.findings import Finding, build_findings
from simulator.world.places import CITY_ORG, organizations
from simulator.world.platforms import LOCAL, PLATFORMS
from simulator.world.storefronts import Storefront, build_storefronts
from simulator.world.vocabulary import LEAD_CHANNELS, LEAD_RESULTS, PARTY_KINDS, TRANSFER_TARGETS
from simulator.world.workdays import is_workday, stamp, workday_from

Rows = list[dict[str, Any]]
FIVE_LEVEL = ("organizations", "monitoring_tasks", "storefronts", "leads", "lead_events", "scans")


class Systems:
    """The three systems that describe one world."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.storefronts = build_storefronts(scenario)
        self.findings = build_findings(scenario, self.storefronts)
        self.cases = build_cases(scenario, self.findings)

    # five-level system -----------------------------------------------------------------------------------------------

    def five_level(self, dataset: str, day: date) -> tuple[str, int, Rows]:
        """One export: its mode, its sequence number and its rows."""
        seq = self.sequence(dataset, day)
        if dataset == "organizations":
            return "full", seq, organizations()
        if dataset == "storefronts":
            return ("full" if day.day == 1 else "delta"), seq, self._roster(day)
        return "delta", seq, self._five_level_deltas[dataset].get(day, [])

    def sequence(self, dataset: str, day: date) -> int:
        """Return the number of the newest export: 2 on the few days on which it was generated twice."""
        return 2 if day_hash("resent", dataset, day) % 365 < figures.RESENT_DAYS else 1

    def _roster(self, day: date) -> Rows:
        return [{**storefront.state(day), **roster_stamps(storefront, day)} for storefront in self.rostered(day)]

    def rostered(self, day: date) -> list[Storefront]:
        """Return the storefronts of a day's roster: all of them on day 1 of a month, the changed ones on other days."""
        candidates = self.storefronts if day.day == 1 else self._changed_on.get(day, [])
        return [storefront for storefront in candidates if storefront.is_listed(day)]

    @cached_property
    def _changed_on(self) -> dict[date, list[Storefront]]:
        changed: dict[date, list[Storefront]] = defaultdict(list)
        for storefront in self.storefronts:
            for day in {storefront.opened_on, *(day for day, _ in storefront.changes)}:
                changed[day].append(storefront)
        return changed

    @cached_property
    def _five_level_deltas(self) -> dict[str, dict[date, Rows]]:
        tables: dict[str, dict[date, Rows]] = {name: defaultdict(list) for name in FIVE_LEVEL}
        self._tasks(tables["monitoring_tasks"])
        self._scans(tables["scans"])
        for finding in self.findings:
            if "5" in finding.systems:
                self._lead(finding, tables["leads"])
                self._events(finding, tables["lead_events"])
        return tables

    def _lead(self, finding: Finding, table: dict[date, Rows]) -> None:
        day = self._exported(finding.discovered_at.date(), 1)
        row = _five_level_lead(finding)
        table[day].append(row)
        if finding.number % 5 == 0:
            later = self._exported(finding.received_at.date(), 1)
            table[later].append(
                row | {"description": row["description"] + "(补充)", "updated_at": stamp(finding.received_at)}
            )

    def _events(self, finding: Finding, table: dict[date, Rows]) -> None:
        for seq, event in enumerate(_lead_events(finding), start=1):
            if event["occurred_at"].date() > self.scenario.end:
                continue
            late = 9 if day_hash("late", finding.number, seq) % 40 == 0 else day_hash("delay", finding.number, seq) % 2
            day = self._exported(event["occurred_at"].date(), late)
            row = event | {
                "lead_no": finding.five_level_no,
                "event_seq": seq,
                "occurred_at": stamp(event["occurred_at"]),
            }
            table[day].append(row)
            if day_hash("again", finding.number, seq) % 50 == 0:
                table[self._exported(day, 1)].append(row)

    def _tasks(self, table: dict[date, Rows]) -> None:
        for number, day in enumerate(d for d in self.scenario.days() if d.day in (1, 15)):
            table[day].append(
                {
                    "task_no": f"T{day:%Y%m}{number:03d}",
                    "task_name": f"{day.month}月网络交易监测任务{number}",
                    "task_type": ("ROUTINE", "SPECIAL", "DIRECTED")[number % 3],
                    "issued_by_org": CITY_ORG,
                    "keywords": ["特供", "疗效", "第一"][: 1 + number % 3],
                    "platform_codes": ["TAOBAO", "MEITUAN"],
                    "category_codes": ["FOOD-HEALTH"],
                    "starts_on": str(day),
                    "ends_on": None if number % 4 == 0 else str(day + timedelta(days=13)),
                    "updated_at": stamp(datetime(day.year, day.month, day.day, 9)),
                }
            )

    def _scans(self, table: dict[date, Rows]) -> None:
        count = max(2, round(figures.SCANS_PER_DAY * self.scenario.scale))
        for day in self.scenario.days():
            rng = self.scenario.rng("scans", day)
            for number in range(count):
                storefront = rng.choice(self.storefronts)
                if storefront.is_listed(day):
                    table[day].append(
                        {
                            "scan_no": f"S{day:%Y%m%d}{number:05d}",
                            "task_no": f"T{day:%Y%m}000",
                            "storefront_id": storefront.storefront_id,
                            "scanned_at": stamp(datetime(day.year, day.month, day.day, 2 + number % 20, number % 60)),
                            "page_count": rng.randrange(1, 60),
                            "product_count": rng.randrange(0, 200),
                            "link_status": rng.choices(("OK", "DEAD", "MOVED"), (94, 4, 2))[0],
                        }
                    )

    def _exported(self, day: date, delay: int) -> date:
        """Return the business date whose export contains an event: its day or a little later, within the range."""
        return min(max(day, self.scenario.start) + timedelta(days=delay), self.scenario.end)

    # Jiangxi platform ------------------------------------------------------------------------------------------------

    def jiangxi(self, day: date) -> dict[str, Rows]:
        """Return the datasets of a day's folder; `platforms` is in it only on day 1 of a month."""
        tables = {name: rows.get(day, []) for name, rows in self._jiangxi_deltas.items()}
        return {"platforms": self._platforms(day), **tables} if day.day == 1 else tables

    def _platforms(self, day: date) -> Rows:
        return [
            {
                "平台编码": platform.code,
                "平台名称": platform.name_on(day),
                "平台类型": platform.platform_type,
                "经营者名称": platform.operator_name,
                "统一社会信用代码": platform.uscc,
                "住所地代码": platform.region_code,
                "是否辖区平台": "是" if platform.is_local else "否",
                "启用日期": platform.enabled_on,
                "停用日期": platform.disabled_on,
            }
            for platform in PLATFORMS.values()
        ]

    @cached_property
    def _jiangxi_deltas(self) -> dict[str, dict[date, Rows]]:
        names = (
            "inspections",
            "platform_checks",
            "guidance_actions",
            "platform_reviews",
            "leads",
            "cases",
            "case_parties",
        )
        tables: dict[str, dict[date, Rows]] = {name: defaultdict(list) for name in (*names, "case_penalties")}
        self._inspections(tables["inspections"])
        self._guidance(tables)
        for finding in self.findings:
            if "J" in finding.systems:
                self._jiangxi_lead(finding, tables["leads"])
        for case in self.cases:
            self._case(case, tables)
        return tables

    def _inspections(self, table: dict[date, Rows]) -> None:
        count = max(1, round(figures.INSPECTIONS_PER_WORKDAY * self.scenario.scale))
        for day in filter(is_workday, self.scenario.days()):
            rng = self.scenario.rng("inspections", day)
            for number in range(count):
                storefront = rng.choice(self.storefronts)
                result = rng.choices(("正常", "责令改正", "删除信息", "提请关闭", "停止服务"), (80, 11, 6, 1, 2))[0]
                table[day].append(
                    {
                        "检查编号": f"JC{day:%Y%m%d}{number:04d}",
                        "检查日期": day,
                        "检查方式": rng.choice(("网上", "网上", "网上", "实地")),
                        "对象类型": "网站" if storefront.base["storefront_type"] == "SITE" else "网店",
                        "载体编号": storefront.storefront_id,
                        "平台编码": storefront.base["platform_code"],
                        "区划代码": storefront.base["region_code"],
                        "检查结果": result,
                        "任务编号": None,
                        "处理条数": rng.randrange(1, 9) if result == "删除信息" else None,
                    }
                )

    def _spread(self, index: int, count: int) -> date:
        """Return a working day for one of several actions, which are spread over the range."""
        offset = (index * 2 + 1) * self.scenario.day_count // (count * 2)
        return workday_from(
            self.scenario.start + timedelta(days=min(offset, self.scenario.day_count - 1)), self.scenario.end
        )

    def _guidance(self, tables: dict[str, dict[date, Rows]]) -> None:
        plan = (
            ["约谈"] * figures.INTERVIEWS
            + ["责令改正通知书"] * figures.RECTIFICATION_NOTICES
            + ["提醒告诫"] * figures.REMINDERS
        )
        visits = list(range(figures.PLATFORMS_VISITED)) + list(range(figures.SECOND_VISITS))
        actions = [(kind, index % len(LOCAL)) for index, kind in enumerate(plan)] + [
            ("走访", index) for index in visits
        ]
        for number, (kind, index) in enumerate(actions):
            day = self._spread(number % 29, 29)
            rectify = day + timedelta(days=15) if kind == "责令改正通知书" else None
            tables["guidance_actions"][day].append(_guidance_row(number, kind, index, day, rectify))
        for index in range(figures.PLATFORMS_CHECKED):
            for mode in ("线上巡查", "线下检查")[: 1 + index % 2]:
                day = self._spread(index, figures.PLATFORMS_CHECKED)
                tables["platform_checks"][day].append(_check_row(index, mode, day))
        self._reviews(tables["platform_reviews"])

    def _reviews(self, table: dict[date, Rows]) -> None:
        found_by = ["自查"] * figures.ISSUES_SELF_FOUND + ["评审"] * figures.ISSUES_REVIEW_FOUND
        for index, how in enumerate(found_by):
            day = self._spread(index, len(found_by) * 2)
            row = {
                "问题编号": f"WT{self.scenario.start.year}{index:04d}",
                "平台编码": LOCAL[index % 20].code,
                "专项行动": "平台规则集中评审",
                "发现方式": how,
                "问题类别": ("主体准入", "商家管理", "消费者权益保护", "其他")[index % 4],
                "问题描述": f"规则第{index + 1}条表述不清,\n需要修改",
                "发现日期": day,
                "整改完成日期": None,
            }
            table[day].append(row)
            fixed = workday_from(min(day + timedelta(days=30), self.scenario.end), self.scenario.end)
            table[fixed].append(row | {"整改完成日期": fixed})

    def _jiangxi_lead(self, finding: Finding, table: dict[date, Rows]) -> None:
        """Return the whole row on each day on which a value changed."""
        discovered = finding.discovered_at + timedelta(days=finding.number % 3 if "5" in finding.systems else 0)
        row = _jiangxi_lead(finding, discovered)
        stages: list[tuple[datetime, dict[str, Any]]] = [(discovered, {"状态": "待分派"})]
        if "5" not in finding.systems or discovered < finding.received_at:
            stages.append((finding.received_at, {"状态": "已签收", "签收时间": finding.received_at}))
        if finding.feedback_at and finding.closed_at and finding.result:
            done = {"反馈时间": finding.feedback_at, "处理结果": LEAD_RESULTS[finding.result], "案号": finding.case_no}
            done["移送对象"] = TRANSFER_TARGETS["OTHER_REGION"] if finding.result == "TRANSFERRED" else None
            stages.append((finding.feedback_at, {"状态": "已反馈", **done}))
            stages.append((finding.closed_at, {"状态": "已办结", "办结时间": finding.closed_at}))
        latest: dict[date, dict[str, Any]] = {}
        for moment, changed in stages:
            row = row | changed | {"更新时间": moment}
            if moment.date() <= self.scenario.end:
                latest[self._exported(moment.date(), 0)] = row
        for day, state in latest.items():
            table[day].append(state)

    def _case(self, case: Case, tables: dict[str, dict[date, Rows]]) -> None:
        if case.filed_on > self.scenario.end:
            return
        start = self._exported(case.filed_on, 0)
        row = _case_row(case)
        days = sorted({start, *(self._exported(day, 0) for day in case.dates.values() if day <= self.scenario.end)})
        for day in days:
            reached = {_CASE_HEADERS[stage]: when for stage, when in case.dates.items() if when <= day}
            state = row | reached | {"更新时间": datetime(day.year, day.month, day.day, 17)}
            if "决定日期" in reached:
                state |= {"决定书文号": case.decision_no, "决定类型": case.decision_type}
            tables["cases"][day].append(state)
        kind = PARTY_KINDS[case.party_kind]
        party = {"立案号": case.case_no, "序号": 1, "名称": case.party_name, "主体类型": kind}
        tables["case_parties"][start].append(party | {"统一社会信用代码": case.uscc, "证件号码": case.id_no})
        self._penalties(case, tables["case_penalties"])

    def _penalties(self, case: Case, table: dict[date, Rows]) -> None:
        if case.dates.get("decided_on", date.max) > self.scenario.end:
            return
        day = self._exported(case.dates["decided_on"], 0)
        for seq, item in enumerate(case.penalties, start=1):
            row = {
                "立案号": case.case_no,
                "序号": seq,
                "当事人序号": 1,
                "处罚种类": item.penalty_type,
                "金额(元)": f"{item.amount:.2f}",
            }
            row |= {"缴纳日期": None, "实缴金额(元)": None, "法律依据": item.legal_basis}
            table[day].append(row)
            if item.paid_on and item.paid_on <= self.scenario.end:
                paid = {"缴纳日期": item.paid_on, "实缴金额(元)": f"{item.amount:.2f}"}
                table[self._exported(item.paid_on, 0)].append(row | paid)

    # third parties ---------------------------------------------------------------------------------------------------

    def provider_findings(self, provider: str) -> Iterator[tuple[date, date, Finding]]:
        """Yield what a provider reports: (last day of the month, day of discovery, finding).

        An open finding is reported a second time one month later.
        """
        for finding in self.findings:
            if "T" in finding.systems and finding.provider == provider:
                last = finding.closed_at.date() if finding.closed_at else self.scenario.end
                for day in (finding.discovered_at.date(), finding.discovered_at.date() + timedelta(days=31)):
                    if day <= min(last, self.scenario.end):
                        yield month_end(day), day, finding


def month_end(day: date) -> date:
    """Return the last day of a day's month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def roster_stamps(storefront: Storefront, day: date) -> dict[str, str]:
    """Return the fields of a roster row that differ between rosters although nothing has changed."""
    since_scan = 1 + (storefront.salt + (day.year * 12 + day.month) * 17) % 40
    scanned = max(day - timedelta(days=since_scan), storefront.opened_on)
    return {
        "last_scanned_on": scanned.isoformat(),
        "updated_at": f"{day.isoformat()}T03:{storefront.salt % 60:02d}:00+08:00",
    }


def _five_level_lead(finding: Finding) -> dict[str, Any]:
    base = finding.storefront.base
    return {
        "lead_no": finding.five_level_no,
        "task_no": f"T{finding.discovered_at:%Y%m}000" if finding.number % 3 else None,
        "discovered_at": stamp(finding.discovered_at),
        "discovered_by_level": 3 + finding.number % 2,
        "source_channel": ("SELF", "NATIONAL", "PROVINCE", "THIRD_PARTY" if "T" in finding.systems else "PLATFORM")[
            finding.number % 4
        ],
        "external_ref": None,
        "storefront_id": finding.storefront.storefront_id,
        "storefront_name": base["storefront_name"],
        "platform_code": base["platform_code"],
        "url": base["url"],
        "product_name": None,
        "product_url": None,
        "operator_name": base["operator_name"],
        "uscc": base["uscc"],
        "region_code": base["region_code"],
        "violation_codes": finding.violations,
        "category_code": finding.category,
        "description": "监测发现涉嫌违法线索",
        "handling_org_code": finding.handling_org,
        "updated_at": stamp(finding.discovered_at),
    }


def _event(
    kind: str, at: datetime, to_org: str | None = None, from_org: str | None = None, **more: Any
) -> dict[str, Any]:
    empty = {"result_code": None, "case_no": None, "extension_days": None, "transfer_target": None, "remark": None}
    return {"event_type": kind, "from_org_code": from_org, "to_org_code": to_org, "occurred_at": at, **empty, **more}


def _lead_events(finding: Finding) -> list[dict[str, Any]]:
    """Return the events of a lead, oldest first."""
    org, discovered = finding.handling_org, finding.discovered_at
    events = [_event("REGISTERED", discovered + timedelta(minutes=20), CITY_ORG)]
    first = "360703-01" if finding.bounced and org != "360703-01" else org
    events.append(_event("DISPATCHED", discovered + timedelta(hours=2), first, CITY_ORG))
    if first != org:
        events.append(_event("RETURNED", discovered + timedelta(hours=8), CITY_ORG, first, remark="不属本局管辖"))
        events.append(_event("REASSIGNED", discovered + timedelta(hours=10), org, CITY_ORG))
    events.append(_event("RECEIVED", finding.received_at, org, CITY_ORG))
    events.append(_event("VERIFYING", finding.received_at + timedelta(hours=3), org, org))
    if finding.paused:
        events.append(_event("PAUSED", finding.received_at + timedelta(hours=20), org, org, remark="送检"))
        events.append(_event("RESUMED", finding.received_at + timedelta(hours=45), org, org))
    if finding.extended:
        events.append(_event("EXTENDED", finding.received_at + timedelta(hours=46), org, org, extension_days=15))
    return events + _ending(finding)


def _ending(finding: Finding) -> list[dict[str, Any]]:
    if not (finding.feedback_at and finding.closed_at):
        return []
    org = finding.handling_org
    target = "OTHER_REGION" if finding.result == "TRANSFERRED" else None
    outcome = {"result_code": finding.result, "case_no": finding.case_no, "transfer_target": target}
    events = [
        _event("FEEDBACK", finding.feedback_at, CITY_ORG, org, **outcome),
        _event("CLOSED", finding.closed_at, CITY_ORG, org, **outcome),
    ]
    if finding.number % 4 == 0:
        events.append(_event("ARCHIVED", finding.closed_at + timedelta(days=2), CITY_ORG, CITY_ORG))
    return events


def _jiangxi_lead(finding: Finding, discovered: datetime) -> dict[str, Any]:
    base = finding.storefront.base
    reference = finding.five_level_no if "5" in finding.systems and finding.explicit_ref else None
    return {
        "线索编号": finding.jiangxi_no,
        "来源": LEAD_CHANNELS["SELF"] if finding.number % 6 else "SELF",
        "外部编号": reference,
        "发现时间": discovered,
        "平台编码": base["platform_code"],
        "店铺名称": base["storefront_name"],
        "链接": base["url"],
        "经营者": base["operator_name"],
        "统一社会信用代码": base["uscc"],
        "区划代码": base["region_code"],
        "违法类型": ";".join(finding.violations),
        "商品类别": finding.category,
        "描述": '页面宣称"第一",\r\n涉嫌违法',
        "承办机构": finding.handling_org,
        "状态": "待分派",
        "签收时间": None,
        "反馈时间": None,
        "处理结果": None,
        "移送对象": None,
        "办结时间": None,
        "案号": None,
        "更新时间": discovered,
    }


_CASE_HEADERS = {
    "investigated_on": "调查终结日期", "legal_reviewed_on": "法制审核日期", "notified_on": "告知日期", "decided_on": "决定日期",
    "served_on": "送达日期", "published_on": "公示日期", "closed_on": "结案日期",
}  # fmt: skip


def _case_row(case: Case) -> dict[str, Any]:
    finding = case.finding
    lead_no = None
    if finding:
        lead_no = finding.jiangxi_no if "J" in finding.systems else finding.five_level_no
    return {
        "立案号": case.case_no,
        "线索编号": lead_no,
        "案由": "涉嫌网络交易违法行为",
        "违法类型": ";".join(case.violations),
        "商品类别": finding.category if finding else None,
        "案发平台": finding.storefront.base["platform_code"] if finding else None,
        "承办机构": case.org_code,
        "区划代码": case.region_code,
        "程序": "普通",
        "立案日期": case.filed_on,
        **dict.fromkeys(
            (
                "调查终结日期",
                "告知日期",
                "听证日期",
                "决定日期",
                "决定书文号",
                "决定类型",
                "送达日期",
                "公示日期",
                "结案日期",
            )
        ),
        "批准延期天数": case.extension_days or None,
        "扣除天数": None,
        "法制审核日期": None,
        "移送对象": None,
        "更新时间": None,
    }


def _guidance_row(number: int, kind: str, index: int, day: date, rectify: date | None) -> dict[str, Any]:
    platform = LOCAL[index]
    return {
        "编号": f"ZD{day:%Y}{number:04d}",
        "类型": kind,
        "日期": day,
        "平台编码": platform.code,
        "企业名称": platform.operator_name,
        "统一社会信用代码": platform.uscc,
        "区划代码": platform.region_code,
        "机构代码": CITY_ORG,
        "内容": "落实平台主体责任",
        "整改期限": rectify,
        "整改完成日期": None,
    }


def _check_row(index: int, mode: str, day: date) -> dict[str, Any]:
    return {
        "检查编号": f"PT{day:%Y}{index:03d}{'A' if mode == '线上巡查' else 'B'}",
        "专项行动": f"{day.year}年网络市场监管专项行动",
        "平台编码": LOCAL[index].code,
        "检查方式": mode,
        "检查日期": day,
        "机构代码": CITY_ORG,
    }
