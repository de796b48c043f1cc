"""The size of the simulated city. The figures of the demonstration year are in this module and nowhere else in the simulator.

Stocks are at scale 1.0, flows are per year of 365 days. Source: the bureau's published figures of 2023.
"""

from __future__ import annotations

ACTIVE_AT_END = {
    "SITE": 6_742,
    "SHOP": 12_846,
    "TAKEOUT": 42_452,
    "APP": 262,
    "MINI": 918,
    "OA": 634,
    "LIVEROOM": 783,
    "PLATFORM": 40,
}
"""Storefronts with status ACTIVE on the last day of the range, by type."""

OPENED_SHARE = 0.07
CLOSED_SHARE = 0.025
SUSPENDED_SHARE = 0.006
CHANGED_SHARE = 0.10
"""The shares of the stock per year."""

LEADS_HANDLED = 440
"""Findings closed in the range with a result that counts (neither DUPLICATE nor NOT_JURISDICTION)."""

LEADS_BY_SYSTEMS = {"5": 108, "J": 92, "5J": 130, "5T": 50, "5JT": 60}
"""The handled ones, by who reports them: five-level system, Jiangxi platform, third-party provider."""

LEADS_NOT_JURISDICTION = 24
LEADS_DUPLICATE = 14
LEADS_STILL_OPEN = 40
LEADS_REOPENED = 3
LEADS_PROVIDER_ONLY = 45

INTERVIEWS = 21
PLATFORMS_VISITED = 21
SECOND_VISITS = 3
RECTIFICATION_NOTICES = 13
REMINDERS = 30
PLATFORMS_CHECKED = 32
ISSUES_SELF_FOUND = 16
ISSUES_REVIEW_FOUND = 11
CASES_FILED = 28
CASES_FILED_BEFORE = 3
PENALTIES_TOTAL_YUAN = 1_410_000

INSPECTIONS_PER_WORKDAY = 24
COVERAGE_ROWS_PER_MONTH = 3_000
SCANS_PER_DAY = 200
RESENT_DAYS = 9
"""The number of days per year on which a source sends an export again with a higher number."""
