"""`wangjian metrics`: write metrics for Prometheus."""

from __future__ import annotations

from pathlib import Path

import click

from wangjian.core.paths import data_root


@click.command()
@click.option("--to", "path", type=click.Path(dir_okay=False, path_type=Path), help="a file, replaced in one step")
def metrics(path: Path | None) -> None:
    """Print the state of the warehouse in the text format of Prometheus."""
    from wangjian.operations.metrics import metrics_text, write_metrics

    if path:
        # replaced in one step: the collector reads the file at any time and must not see half of it
        write_metrics(data_root(), path)
    else:
        click.echo(metrics_text(data_root()), nl=False)
