"""`wangjian site`: make and show the built-in site."""

from __future__ import annotations

import click

from wangjian.cli.common import json_option, say
from wangjian.core.paths import data_root


@click.command()
@click.option("--serve", is_flag=True, help="then serve it on 127.0.0.1 until Ctrl-C")
@click.option("--port", default=0, show_default=True, help="for --serve; 0: any free port")
@json_option
def site(serve: bool, port: int, as_json: bool) -> None:
    """Make the built-in site of what readers see: static pages that open from a folder or a web server."""
    from wangjian.orchestration import pipeline
    from wangjian.serving.site.serve import serve_folder

    data = data_root()
    say({"site": str(pipeline.site(data))}, as_json=as_json)
    if serve:
        serve_folder(data.docs, port, lambda address: click.echo(f"{address}site/"))
