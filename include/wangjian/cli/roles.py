"""`wangjian roles`: list the roles and write their files."""

from __future__ import annotations

import dataclasses
import json

import click

from wangjian.cli.common import json_option
from wangjian.core.paths import data_root


@click.group()
def roles() -> None:
    """List the roles that limit who sees what, and write a file for each role."""


@roles.command(name="list")
@json_option
def list_roles(as_json: bool) -> None:
    """List the roles and what each of them sees."""
    from wangjian.governance.roles import load_roles
    from wangjian.warehouse.labels import LEVELS, load_labels

    configured = load_roles()
    if as_json:
        click.echo(json.dumps(configured.model_dump(mode="json"), ensure_ascii=False))
        return
    labels = load_labels()
    for name, role in configured.roles.items():
        levels = [
            f"{labels.level_name(level).zh}{' (脱敏 masked)' if level in role.masked else ''}"
            for level in LEVELS
            if level in role.levels
        ]
        tables = ", ".join(role.tables or role.schemas)
        click.echo(f"{name}  {role.zh} {role.en}  [{role.file}]  {'、'.join(levels)}\n    {tables}")


@roles.command()
@json_option
def publish(as_json: bool) -> None:
    """Write the file of every role from what readers see now."""
    from wangjian.orchestration import pipeline

    written = pipeline.role_files(data_root())
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(written), ensure_ascii=False, default=str))
        return
    for file in written.files:
        name = f"{file.role} {file.region_code or ''}".strip()
        click.echo(
            f"{name:24} {file.tables:3} 表 tables {file.rows:10,} 行 rows {file.byte_size / 1e6:8.1f} MB  {file.path}"
        )
    click.echo(f"发布 publication {written.publication_id}; {len(written.files)} 个文件 files")
