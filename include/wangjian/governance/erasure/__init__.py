"""Erase personal data from landing, whose files never change otherwise, and from everything built from landing."""

from wangjian.governance.erasure.carry_out import approve_erasure
from wangjian.governance.erasure.due import Due, due
from wangjian.governance.erasure.request import Plan, request_erasure, withdraw_erasure

__all__ = ["Due", "Plan", "approve_erasure", "due", "request_erasure", "withdraw_erasure"]
