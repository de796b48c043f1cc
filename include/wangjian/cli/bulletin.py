"""`wangjian bulletin`: write the monthly bulletin."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from wangjian.cli.common import DAY, MONTH, json_option, say
from wangjian.core.errors import BadArguments
from wangjian.core.paths import data_root


@click.command()
@click.option("--month", type=MONTH, help="such as 2023-12; default: the last complete month in the data")
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="default: docs/bulletins of the data root"
)
@click.option("--format", "formats", help="docx, pdf, xlsx, separated by commas; default: all")
@click.option("--issued-on", type=DAY, help="the date of issue in the document; default: a blank to fill in by hand")
@json_option
def bulletin(
    month: datetime | None, folder: Path | None, formats: str | None, issued_on: datetime | None, as_json: bool
) -> None:
    """Write the monthly bulletin 月报 as DOCX, PDF and XLSX."""
    from wangjian.orchestration import pipeline

    written = pipeline.bulletin(
        data_root(), month and month.date(), folder, _formats(formats), issued_on and issued_on.date()
    )
    result = {"month": f"{written.month:%Y-%m}", "publication": written.publication_id}
    say(result | {"files": [str(file) for file in written.files], "skipped": written.skipped}, as_json=as_json)


def _formats(given: str | None) -> Any:
    from wangjian.serving.bulletin import FORMATS

    if given is None:
        return None
    asked = [kind.strip() for kind in given.split(",") if kind.strip()]
    # refused before anything is written: one wrong format must not leave half of the files
    unknown = [kind for kind in asked if kind not in FORMATS]
    if unknown or not asked:
        raise BadArguments(
            "unknown or missing format", format=", ".join(unknown), fix=f"give some of {', '.join(FORMATS)}"
        )
    return asked
