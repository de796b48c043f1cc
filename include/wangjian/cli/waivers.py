"""`wangjian waive` and `unwaive`."""

from __future__ import annotations

from datetime import datetime

import click

from wangjian.cli.common import DAY, json_option, say
from wangjian.core.paths import data_root


@click.command()
@click.argument("source")
@click.argument("dataset")
@click.argument("day", type=DAY)
@click.option("--provider", default="", help="of the third-party source")
@click.option("--reason", required=True, help="why it may go on; kept for the auditors")
@click.option("--person", required=True, help="who decides")
@json_option
def waive(source: str, dataset: str, day: datetime, provider: str, reason: str, person: str, as_json: bool) -> None:
    """Accept later exports although the export of DAY fails its checks; the next `wangjian build` applies it."""
    from wangjian.governance.waivers import waive as record

    waiver = record(data_root(), source, dataset, day.date(), provider=provider, reason=reason, person=person)
    say({"export": waiver.export_id, "fails": waiver.fail_codes, "waived by": waiver.waived_by}, as_json=as_json)


@click.command()
@click.argument("export_id")
@click.option("--reason", required=True)
@click.option("--person", required=True, help="who decides")
@json_option
def unwaive(export_id: str, reason: str, person: str, as_json: bool) -> None:
    """Withdraw the waiver of EXPORT_ID."""
    from wangjian.governance.waivers import withdraw

    waiver = withdraw(data_root(), export_id, reason=reason, person=person)
    say({"export": waiver.export_id, "fails": waiver.fail_codes}, as_json=as_json)
