"""`wangjian erasures`: request, approve and list erasures of personal data."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime

import click

from wangjian.cli.common import DAY, echo, json_option, say
from wangjian.core.paths import data_root


@click.group()
def erasures() -> None:
    """Erase personal data from landing: one person requests it, another approves it, and both are on record."""


@erasures.command(name="list")
@json_option
def list_erasures(as_json: bool) -> None:
    """List every erasure and its state."""
    from wangjian.state.erasures import erasures as known

    every = known(data_root())
    if as_json:
        result = [{"id": item.erasure_id, **item.model_dump(mode="json")} for item in every]
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    for item in every:
        place = f"{item.source}/{item.provider}".rstrip("/")
        # an erasure is about one row, one file, or everything before a date
        about = item.row_key or item.file_sha256 or f"< {item.before}"
        echo(f"{item.erasure_id}  {item.step:<9}  {place}/{item.dataset}  {about}  {', '.join(item.column_names)}")
        echo(f"    {item.reason}  {item.person}, {item.at:%Y-%m-%d}")
    echo(f"{len(every)} 条 erasures")


@erasures.command(name="due")
@json_option
def list_due(as_json: bool) -> None:
    """List landed personal data whose retention period is over."""
    from wangjian.governance.erasure import due

    datasets = due(data_root())
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(item) for item in datasets], default=str))
        return
    for item in datasets:
        # the whole command, ready to copy: only the reason and the person are missing
        ask = f"wangjian erasures request {item.source} {item.dataset} --before {item.before} --reason … --person …"
        echo(f"{item.source}/{item.dataset}  {item.exports} 个 exports, {item.oldest} …  {ask}")
    echo(f"{len(datasets)} 个数据集到期 datasets due")


@erasures.command()
@click.argument("source")
@click.argument("dataset")
@click.argument("key", nargs=-1)
@click.option("--provider", default="", help="of the third-party source")
@click.option("--day", type=DAY, help="business date of the delivery, where numbers are unique within one only")
@click.option("--before", type=DAY, help="instead of KEY: all rows of exports of earlier business dates")
@click.option("--file", "file_sha256", help="instead of KEY: SHA-256 of evidence, or of a rejected file")
@click.option("--column", "columns", multiple=True, help="a further text column, such as free text")
@click.option("--reason", required=True, help="why; kept for the auditors")
@click.option("--person", required=True, help="who asks")
@json_option
def request(
    source: str,
    dataset: str,
    key: tuple[str, ...],
    provider: str,
    day: datetime | None,
    before: datetime | None,
    file_sha256: str | None,
    columns: tuple[str, ...],
    reason: str,
    person: str,
    as_json: bool,
) -> None:
    """Request to erase the personal values of the row of DATASET with this KEY. Nothing happens before approval."""
    from wangjian.governance.erasure import request_erasure

    plan = request_erasure(
        data_root(), source, dataset, key, reason=reason, person=person, provider=provider, day=day and day.date(),
        before=before and before.date(), file_sha256=file_sha256, columns=columns,
    )  # fmt: skip
    result = {
        "id": plan.erasure.erasure_id,
        "columns": ", ".join(plan.erasure.column_names),
        "rows": plan.row_count,
        "files": len(plan.files),
        "next": f"another person: wangjian erasures approve {plan.erasure.erasure_id} --person …",
    }
    say(result, as_json=as_json)


@erasures.command()
@click.argument("erasure_id")
@click.option("--person", required=True, help="who approves")
@json_option
def approve(erasure_id: str, person: str, as_json: bool) -> None:
    """Approve the erasure ERASURE_ID and carry it out, or continue one that was interrupted."""
    from wangjian.governance.erasure import approve_erasure

    plan = approve_erasure(data_root(), erasure_id, person=person)
    result = {
        "id": erasure_id,
        "rows": plan.row_count,
        "files": len(plan.files),
        "next": "build, check and publish; then write the roles' files again, and destroy older backups when they expire",
    }
    say(result, as_json=as_json)


@erasures.command()
@click.argument("erasure_id")
@click.option("--reason", required=True)
@click.option("--person", required=True, help="who decides")
@json_option
def withdraw(erasure_id: str, reason: str, person: str, as_json: bool) -> None:
    """Withdraw the request ERASURE_ID, before a person approves it."""
    from wangjian.governance.erasure import withdraw_erasure

    withdrawn = withdraw_erasure(data_root(), erasure_id, reason=reason, person=person)
    say({"id": withdrawn.erasure_id, "step": withdrawn.step}, as_json=as_json)
