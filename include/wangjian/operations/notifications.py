"""Send notices and anchors of the audit log, by webhook and by mail, over the connections that are defined.

Connections (Airflow's, or `AIRFLOW_CONN_…` in the environment):
    wangjian_webhook   scheme, host, port; extra: `path`, and `shape` = wecom (企业微信), dingtalk (钉钉), feishu (飞书) or plain
    wangjian_smtp      host, port, login, password; extra: `from`, `to` (list), `starttls` (default true)
    wangjian_anchor_webhook, wangjian_anchor_smtp   the same for anchors: their recipient must not be a person who runs the warehouse
"""

from __future__ import annotations

import json
import logging
import smtplib
import ssl
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any, Literal

from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.masking import masked
from wangjian.core.printable import printable
from wangjian.ingestion.fetching.connection import Endpoint, resolve

LIMIT = 3500
"""The longest text in characters. Chat robots refuse longer messages; the report has the rest."""
# A robot that does not answer must not hold up a build.
_SECONDS = 10
# In bytes: a hostile robot could answer without end.
_LONGEST_ANSWER = 2**16
_log = logging.getLogger(__name__)

Purpose = Literal["notice", "anchor"]
_PREFIXES: Mapping[Purpose, str] = {"notice": "wangjian", "anchor": "wangjian_anchor"}

SHAPES: Mapping[str, Callable[[str, str], dict[str, Any]]] = {
    "wecom": lambda title, text: {"msgtype": "text", "text": {"content": f"{title}\n{text}"}},
    "dingtalk": lambda title, text: {"msgtype": "text", "text": {"content": f"{title}\n{text}"}},
    # Feishu reads `<at …>` in a text as a mention. Text from a source must not alert people.
    "feishu": lambda title, text: {"msg_type": "text", "content": {"text": f"{title}\n{text}".replace("<at", "＜at")}},
    "plain": lambda title, text: {"title": title, "text": text},
}


def notify(title: str, text: str, purpose: Purpose = "notice") -> list[str]:
    """Send a message over every channel that is defined. A channel that fails is only logged.

    Args:
        title: one line.
        text: the body. Personal data is masked, control characters are escaped, and a text over the limit is shortened.
        purpose: `notice` for the people who run the warehouse, `anchor` for the person who keeps anchors.

    Returns:
        The channels that accepted the message.
    """
    title = printable(title)
    shown = "\n".join(printable(line) for line in masked(text, names=False).split("\n"))
    shown = shown if len(shown) <= LIMIT else f"{shown[:LIMIT]}…"
    accepted = []
    for connection_id in channels(purpose):
        try:
            _SENDERS[connection_id.rpartition("_")[2]](resolve(connection_id), title, shown)
            accepted.append(connection_id)
        # Any error: a chat robot that is down must not fail a build.
        except Exception as error:
            _log.warning("the message was not sent over %s: %s", connection_id, printable(str(error)))
    return accepted


def channels(purpose: Purpose) -> list[str]:
    """Return the connections that are defined for a purpose, including those with errors.

    Args:
        purpose: `notice` or `anchor`.
    """
    return [name for kind in _SENDERS if _is_defined(name := f"{_PREFIXES[purpose]}_{kind}")]


def _is_defined(connection_id: str) -> bool:
    try:
        resolve(connection_id)
    except BadArguments as error:
        # A connection with an error counts as defined. Otherwise a typo would silence the messages without any log line.
        return "no such connection" not in str(error)
    return True


def _post(endpoint: Endpoint, title: str, text: str) -> None:
    import httpx

    from wangjian.ingestion.fetching.http_body import read_body

    shape = str(endpoint.extra.get("shape", "plain"))
    if shape not in SHAPES:
        raise BadArguments(f"the webhook has an unknown shape: {shape}", fix=f"choose from {', '.join(SHAPES)}")
    port = f":{endpoint.port}" if endpoint.port else ""
    address = f"{endpoint.scheme or 'https'}://{endpoint.host}{port}{endpoint.extra.get('path', '/')}"
    # The address of a robot contains its key. httpx would log it, and its errors would show it.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with httpx.stream("POST", address, json=SHAPES[shape](title, text), timeout=_SECONDS) as answer:
        content = read_body(answer, _LONGEST_ANSWER, _SECONDS, fix="check the address of the webhook")
    # Redirects fail too: a message must not go to another address than the configured one.
    if not answer.is_success:
        raise WangjianError(
            f"the robot answers {answer.status_code}", fix="check the webhook's address and the robot's settings"
        )
    # Chat robots answer 200 even when they refuse a message. Only the body shows it.
    body = json.loads(content) if "json" in answer.headers.get("content-type", "") else {}
    if refused := body.get("errcode") or body.get("code"):
        raise WangjianError(
            f"the robot refuses: {refused} {body.get('errmsg') or body.get('msg')}", fix="check the robot's settings"
        )


def _mail(endpoint: Endpoint, title: str, text: str) -> None:
    message = EmailMessage()
    message["Subject"], message["From"] = title, str(endpoint.extra.get("from") or endpoint.login)
    message["To"] = ", ".join(endpoint.extra["to"])
    message.set_content(text)
    with smtplib.SMTP(endpoint.host, endpoint.port or 25, timeout=_SECONDS) as server:
        if endpoint.extra.get("starttls", True):
            server.starttls(context=ssl.create_default_context())
        if endpoint.password:
            server.login(endpoint.login, endpoint.password)
        server.send_message(message)


_SENDERS: Mapping[str, Callable[[Endpoint, str, str], None]] = {"webhook": _post, "smtp": _mail}
