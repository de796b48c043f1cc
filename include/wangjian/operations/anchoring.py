"""Anchoring the audit log: its head is told to somebody who keeps it outside, so that who can rewrite the chain is found out."""

from __future__ import annotations

from dataclasses import dataclass

from wangjian.core.errors import WangjianError
from wangjian.core.paths import DataRoot
from wangjian.operations.notifications import Purpose, channels, notify
from wangjian.state.audit_chain import verify_audit_log
from wangjian.state.audit_log import Head, last_head

TITLE = "网监数仓审计链 Wangjian audit log"


@dataclass(frozen=True)
class Anchor:
    """What was told, and over which channels; over none where none is defined."""

    head: Head
    channels: tuple[str, ...]


def anchor_audit_log(data: DataRoot) -> Anchor:
    """Tell the head of the chain over every channel that is defined for anchors.

    Args:
        data: the data root.

    Returns:
        What was told.

    Raises:
        WangjianError: the chain is not whole, and so no anchor; or a channel did not take it.
    """
    wanted = channels("anchor")
    if not wanted:
        return Anchor(last_head(data), ())
    found = verify_audit_log(data)
    if not found.is_whole:
        raise WangjianError(
            f"the audit log is not whole: {'; '.join(found.faults)}",
            fix="`wangjian audit verify` tells all; compare with the last anchor that was kept outside",
        )
    told = send_head(found.head, "anchor")
    if missing := [name for name in wanted if name not in told]:
        raise WangjianError(
            "the head of the audit log was not anchored",
            over=", ".join(missing),
            fix="see the log, and the connection",
        )
    return Anchor(found.head, tuple(told))


def send_head(head: Head, purpose: Purpose) -> list[str]:
    """Tell a head. The channels that took it."""
    return notify(TITLE, f"链头 head {head}", purpose)
