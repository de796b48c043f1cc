"""Telling people, and keeping anchors of the audit log outside: by webhook and by mail, as far as their connections are defined.

Connections (Airflow's, or `AIRFLOW_CONN_…` in the environment):
    wangjian_webhook   scheme, host, port; extra: `path`, and `shape` = wecom (企业微信), dingtalk (钉钉), feishu (飞书) or plain
    wangjian_smtp      host, port, login, password; extra: `from`, `to` (list), `starttls` (default true)
    wangjian_anchor_webhook, wangjian_anchor_smtp   likewise, for anchors: with somebody else than who runs the warehouse
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
"""Robots refuse long messages; the report has the rest."""
_SECONDS = 10
_LONGEST_ANSWER = 2**16
_log = logging.getLogger(__name__)

Purpose = Literal["notice", "anchor"]
_PREFIXES: Mapping[Purpose, str] = {"notice": "wangjian", "anchor": "wangjian_anchor"}

SHAPES: Mapping[str, Callable[[str, str], dict[str, Any]]] = {
    "wecom": lambda title, text: {"msgtype": "text", "text": {"content": f"{title}\n{text}"}},
    "dingtalk": lambda title, text: {"msgtype": "text", "text": {"content": f"{title}\n{text}"}},
    # its texts may call people: a name in them must not
    "feishu": lambda title, text: {"msg_type": "text", "content": {"text": f"{title}\n{text}".replace("<at", "＜at")}},
    "plain": lambda title, text: {"title": title, "text": text},
}


def notify(title: str, text: str, purpose: Purpose = "notice") -> list[str]:
    """Send a message over every channel that is defined. A channel that fails is logged and never fails the work itself.

    Args:
        title: one line.
        text: the body. Personal data are masked, control characters are escaped, and a text over the limit is shortened.
        purpose: for whom: people who see to the warehouse, or who keeps anchors.

    Returns:
        The channels that took it.
    """
    title = printable(title)
    shown = "\n".join(printable(line) for line in masked(text, names=False).split("\n"))
    shown = shown if len(shown) <= LIMIT else f"{shown[:LIMIT]}…"
    told = []
    for connection_id in channels(purpose):
        try:
            _SENDERS[connection_id.rpartition("_")[2]](resolve(connection_id), title, shown)
            told.append(connection_id)
        except Exception as error:
            _log.warning("nobody was told over %s: %s", connection_id, printable(str(error)))
    return told


def channels(purpose: Purpose) -> list[str]:
    """The connections that are defined for a purpose, rightly or wrongly."""
    return [found for kind in _SENDERS if _is_defined(found := f"{_PREFIXES[purpose]}_{kind}")]


def _is_defined(connection_id: str) -> bool:
    try:
        resolve(connection_id)
    except BadArguments as error:
        return "no such connection" not in str(error)
    return True


def _post(endpoint: Endpoint, title: str, text: str) -> None:
    import httpx

    from wangjian.ingestion.fetching.http_body import read_body

    shape = str(endpoint.extra.get("shape", "plain"))
    if shape not in SHAPES:
        raise BadArguments(f"no webhook of the shape {shape}", fix=f"choose from {', '.join(SHAPES)}")
    port = f":{endpoint.port}" if endpoint.port else ""
    address = f"{endpoint.scheme or 'https'}://{endpoint.host}{port}{endpoint.extra.get('path', '/')}"
    # a robot's address holds its key: neither httpx's own log line nor its errors, which show it, may be seen
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with httpx.stream("POST", address, json=SHAPES[shape](title, text), timeout=_SECONDS) as answer:
        content = read_body(answer, _LONGEST_ANSWER, _SECONDS, fix="see its address")
    # a redirect too: what we tell goes nowhere but to the address that we were given
    if not answer.is_success:
        raise WangjianError(f"the robot answers {answer.status_code}", fix="see its address and settings")
    # robots answer 200 and say in the body that they refuse
    body = json.loads(content) if "json" in answer.headers.get("content-type", "") else {}
    if refused := body.get("errcode") or body.get("code"):
        raise WangjianError(
            f"the robot refuses: {refused} {body.get('errmsg') or body.get('msg')}", fix="see its settings"
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
