"""Serve the five-level system's HTTP API."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections import Counter
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from simulator.faults.registry import Faults
from simulator.systems import FIVE_LEVEL, Systems, roster_stamps
from simulator.world.storefronts import Storefront

PAGE_CAP = 400
TOKEN_USES = 5


def build_api(systems: Systems, client_id: str, client_secret: str, faults: Faults, requests: list[str]) -> FastAPI:
    """Return the application for one world and one client. Each request adds a line to `requests`."""
    app = FastAPI(openapi_url=None)
    gate, pages = _Gate(faults), Pages(systems, faults)

    @app.post("/oauth/token")
    async def token(request: Request) -> Response:
        requests.append("POST /oauth/token")
        form = dict(pair.split("=", 1) for pair in (await request.body()).decode().split("&"))
        is_known = form.get("client_id") == client_id and form.get("client_secret") == client_secret
        if not is_known or "bad_login" in faults:
            return _json({"error": "invalid_client"}, 401)
        return _json({"access_token": gate.new_token(), "expires_in": 3600})

    @app.get("/api/v1/exports")
    def exports(request: Request, changed_since: str) -> Response:
        requests.append(f"GET {request.url.path}?{request.url.query}")
        return gate.refusal(request) or _json({"exports": pages.listed(date.fromisoformat(changed_since[:10]))})

    @app.get("/api/v1/exports/{dataset}")
    def export(request: Request, dataset: str, business_date: str, page: int, page_size: int) -> Response:
        requests.append(f"GET {request.url.path}?{request.url.query}")
        refused = gate.refusal(request)
        if refused:
            return refused
        day = date.fromisoformat(business_date)
        if dataset not in FIVE_LEVEL or not pages.is_ready(day):
            return _json({"code": "NOT_READY"}, 404)
        if "page_not_json" in faults and dataset == "leads":
            return Response("<html>502 Bad Gateway</html>", media_type="application/json")
        return Response(pages.page(dataset, day, page, min(page_size, PAGE_CAP)), media_type="application/json")

    return app


class _Gate:
    """The access control: which token is valid, and how many requests it may send."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._uses: Counter[str] = Counter()
        self._tokens: set[str] = set()
        self._requests = itertools.count(1)

    def new_token(self) -> str:
        token = secrets.token_urlsafe(24)
        self._tokens.add(token)
        return token

    def refusal(self, request: Request) -> Response | None:
        number = next(self._requests)
        if "http_down" in self.faults:
            return _json({"error": "down"}, 500)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        self._uses[token] += 1
        is_spent = "token_expiry_mid_export" in self.faults and self._uses[token] > TOKEN_USES
        if token not in self._tokens or is_spent:
            return _json({"error": "invalid_token"}, 401)
        if "rate_limited" in self.faults and number % 7 == 0:
            return _json({"error": "slow down"}, 429, {"Retry-After": "1"})
        if "server_error_503" in self.faults and number % 9 == 0:
            return _json({"error": "busy"}, 503, {"Retry-After": "1"})
        return None


class Pages:
    """The exports, page by page."""

    def __init__(self, systems: Systems, faults: Faults) -> None:
        self.systems, self.faults = systems, faults
        self._roster_pages = itertools.count(1)
        self._lock = threading.Lock()
        self._encoded_states: dict[tuple[str, int], bytes] = {}
        # full rosters are large and read page by page, so the cache must keep them while small exports are read
        self._full_roster = lru_cache(maxsize=2)(self._encoded)
        self._delta = lru_cache(maxsize=16)(self._encoded)

    def is_ready(self, day: date) -> bool:
        scenario = self.systems.scenario
        last = scenario.served_to - timedelta(days="not_ready" in self.faults)
        return scenario.start <= day <= last

    def listed(self, since: date) -> list[dict[str, Any]]:
        days = [day for day in self.systems.scenario.served_days() if day >= since and self.is_ready(day)]
        return [self._listed(dataset, day) for day in days for dataset in FIVE_LEVEL]

    def _listed(self, dataset: str, day: date) -> dict[str, Any]:
        mode, seq, total = self._summary(dataset, day)
        head = {"dataset": dataset, "business_date": str(day), "mode": mode, "export_seq": seq}
        return head | {"total": total, "generated_at": _generated_at(day, seq)}

    def _summary(self, dataset: str, day: date) -> tuple[str, int, int]:
        if dataset == "storefronts" and day.day == 1:
            return "full", self.systems.sequence(dataset, day), len(self.systems.rostered(day))
        mode, seq, rows = self.systems.five_level(dataset, day)
        return mode, seq, len(rows)

    def _export(self, dataset: str, day: date) -> tuple[str, int, list[bytes]]:
        is_full_roster = dataset == "storefronts" and day.day == 1
        return (self._full_roster if is_full_roster else self._delta)(dataset, day)

    def _encoded(self, dataset: str, day: date) -> tuple[str, int, list[bytes]]:
        if dataset == "storefronts":
            mode, seq = ("full" if day.day == 1 else "delta"), self.systems.sequence(dataset, day)
            rows = [self._roster_row(storefront, day) for storefront in self.systems.rostered(day)]
        else:
            mode, seq, records = self.systems.five_level(dataset, day)
            rows = [orjson.dumps(record) for record in records]
        return mode, seq, self.faults.strike("rows", f"five_level.{dataset}", day, rows)

    def _roster_row(self, storefront: Storefront, day: date) -> bytes:
        """Return the encoded part of a row that is the same in all rosters. It is encoded once: a year's rosters have 770,000 rows."""
        key = (storefront.storefront_id, storefront.changes_until(day))
        if key not in self._encoded_states:
            self._encoded_states[key] = orjson.dumps(storefront.state(day))[:-1] + b","
        return self._encoded_states[key] + orjson.dumps(roster_stamps(storefront, day))[1:]

    def page(self, dataset: str, day: date, number: int, size: int) -> bytes:
        with self._lock:
            mode, seq, rows = self._export(dataset, day)
            if "export_changes_midway" in self.faults and dataset == "storefronts":
                seq += next(self._roster_pages) > 3
        total = len(rows) + ("total_mismatch" in self.faults and dataset == "leads")
        head = {
            "dataset": dataset,
            "business_date": str(day),
            "mode": mode,
            "export_seq": seq,
            "generated_at": _generated_at(day, seq),
            "page": number,
            "page_size": size,
            "total": total,
        }
        body = b",".join(rows[(number - 1) * size : number * size])
        page = orjson.dumps(head)[:-1] + b',"records":[' + body + b"]}"
        return self.faults.strike("page", f"five_level.{dataset}", day, page)


def _generated_at(day: date, seq: int) -> str:
    return f"{day + timedelta(days=1)}T0{1 + min(seq, 8)}:00:00+08:00"


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, media_type="application/json")
