"""Anchor the audit log: send its head to a person outside, so that a rewritten chain is discovered.

A user who can write the log can rewrite all of it, including its hashes. Only a copy of the head that this user cannot change proves it.
"""

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
    """A head of the audit log that was sent.

    Attributes:
        head: the head.
        channels: the channels that accepted it; empty if none is defined.
    """

    head: Head
    channels: tuple[str, ...]


def anchor_audit_log(data: DataRoot) -> Anchor:
    """Send the head of the audit log over every channel that is defined for anchors.

    Args:
        data: the data root.

    Returns:
        The head and the channels that accepted it.

    Raises:
        WangjianError: the audit log is damaged, so that nothing was sent; or a channel did not accept the head.
    """
    defined = channels("anchor")
    # Not an error: a site without a second department has nobody to send it to, and a failing task every day would be ignored.
    if not defined:
        return Anchor(last_head(data), ())
    verification = verify_audit_log(data)
    # The head of a damaged chain would certify the damage.
    if not verification.is_whole:
        raise WangjianError(
            f"the audit log is not whole: {'; '.join(verification.faults)}",
            fix="`wangjian audit verify` lists all faults; compare with the last anchor that was kept outside",
        )
    accepted = send_head(verification.head, "anchor")
    if missing := [name for name in defined if name not in accepted]:
        raise WangjianError(
            "the head of the audit log was not anchored",
            over=", ".join(missing),
            fix="read the reason in the log, and check the connection",
        )
    return Anchor(verification.head, tuple(accepted))


def send_head(head: Head, purpose: Purpose) -> list[str]:
    """Send a head of the audit log.

    Args:
        head: the head.
        purpose: the channels to use.

    Returns:
        The channels that accepted it.
    """
    return notify(TITLE, f"链头 head {head}", purpose)
