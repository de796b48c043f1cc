"""Process a range of business dates again: plan, fetch, parse, build once, check, compare, then publish or hold."""

from wangjian.orchestration.backfill.plan import Plan, make_plan
from wangjian.orchestration.backfill.request import BackfillRequest
from wangjian.orchestration.backfill.run import BackfillReport, begin, finish, prepare, run_backfill

__all__ = ["BackfillReport", "BackfillRequest", "Plan", "begin", "finish", "make_plan", "prepare", "run_backfill"]
