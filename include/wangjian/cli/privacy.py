"""`wangjian privacy`: print the register of processing."""

from __future__ import annotations

from pathlib import Path

import click

from wangjian.core.paths import data_root


@click.group()
def privacy() -> None:
    """Reports for the duties towards the persons whose data are processed."""


@privacy.command()
@click.option("--to", "file", type=click.Path(dir_okay=False, path_type=Path), help="a file; default: the screen")
def report(file: Path | None) -> None:
    """Print the register of processing: which personal data, why, on what basis, for whom, how long, who exported any."""
    from wangjian.core.files import write_atomically
    from wangjian.governance.privacy.register import register

    text = register(data_root())
    if file is None:
        click.echo(text, nl=False)
        return
    write_atomically(file, text)
    click.echo(str(file))
