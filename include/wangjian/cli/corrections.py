"""`wangjian corrections`: list, add and withdraw corrections of values."""

from __future__ import annotations

import json
from datetime import datetime

import click

from wangjian.cli.common import DAY, echo, json_option, say
from wangjian.core.paths import data_root


@click.group()
def corrections() -> None:
    """List, add and withdraw corrections of values that a source sends wrong."""


@corrections.command(name="list")
@json_option
def list_corrections(as_json: bool) -> None:
    """List the corrections in force, with their values unmasked."""
    from wangjian.state.corrections import corrections as in_force

    active = in_force(data_root())
    if as_json:
        result = [{"id": item.correction_id, **item.model_dump(mode="json")} for item in active]
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    for item in active:
        day = f" {item.business_date}" if item.business_date else ""
        # only the third-party source has providers
        place = f"{item.source}/{item.provider}".rstrip("/")
        echo(f"{item.correction_id}  {place}/{item.dataset}{day}  {item.row_key}  {item.column_name}")
        echo(
            f"    {item.wrong_value} → {item.right_value}  {item.reason}  {item.corrected_by}, {item.corrected_at:%Y-%m-%d}"
        )
    echo(f"{len(active)} 条 corrections")


@corrections.command()
@click.argument("source")
@click.argument("dataset")
@click.argument("key", nargs=-1, required=True)
@click.option("--column", required=True, help="the warehouse's name of the column")
@click.option(
    "--to", "right_value", required=True, help="the right value, as the source would write it; empty for no value"
)
@click.option("--provider", default="", help="of the third-party source")
@click.option("--day", type=DAY, help="business date of the delivery, where numbers are unique within one only")
@click.option("--reason", required=True, help="why; kept for the auditors")
@click.option("--person", required=True, help="who decides")
@json_option
def add(
    source: str,
    dataset: str,
    key: tuple[str, ...],
    column: str,
    right_value: str,
    provider: str,
    day: datetime | None,
    reason: str,
    person: str,
    as_json: bool,
) -> None:
    """Correct a value of the row of DATASET with this KEY, as long as the source sends the wrong value."""
    from wangjian.governance.corrections import correct

    made = correct(
        data_root(), source, dataset, key, column, right_value,
        reason=reason, person=person, provider=provider, day=day and day.date(),
    )  # fmt: skip
    say({"id": made.correction_id, "instead of": made.wrong_value, "next": "build, check and publish"}, as_json=as_json)


@corrections.command()
@click.argument("correction_id")
@click.option("--reason", required=True)
@click.option("--person", required=True, help="who decides")
@json_option
def withdraw(correction_id: str, reason: str, person: str, as_json: bool) -> None:
    """Withdraw the correction CORRECTION_ID."""
    from wangjian.governance.corrections import withdraw_correction

    withdrawn = withdraw_correction(data_root(), correction_id, reason=reason, person=person)
    say({"id": withdrawn.correction_id, "column": withdrawn.column_name}, as_json=as_json)
