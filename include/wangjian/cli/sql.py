"""`wangjian sql`."""

from __future__ import annotations

import json

import click

from wangjian.cli.common import echo, json_option
from wangjian.core.errors import WangjianError
from wangjian.core.paths import data_root


@click.command()
@click.argument("query")
@click.option("--publication", "publication_id", metavar="ID", help="one that is kept; default: the current one")
@json_option
def sql(query: str, publication_id: str | None, as_json: bool) -> None:
    """Run QUERY on the published file, read-only."""
    import duckdb

    from wangjian import publishing

    data = data_root()
    publication = publishing.kept(data, publication_id) if publication_id else None
    with publishing.open_published(data, publication) as connection:
        try:
            answer = connection.sql(query)
            if as_json:
                rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()] if answer else []
                click.echo(json.dumps(rows, ensure_ascii=False, default=str))
            elif answer:
                # line by line through `echo`: a value of a source may hold control characters
                for line in str(answer).split("\n"):
                    echo(line)
        except duckdb.Error as error:
            raise WangjianError(f"the query failed: {error}", fix="see `wangjian sql 'show all tables'`") from None
