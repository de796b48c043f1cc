"""Write the file of each role: its part of the published file, masked, complete, and renamed into place in one step."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from wangjian.core.duckdb_memory import connect_beside
from wangjian.core.errors import WangjianError
from wangjian.core.files import show_folder, written_atomically
from wangjian.core.locks import publishing_lock
from wangjian.core.masking import masked_sql
from wangjian.core.paths import DataRoot
from wangjian.governance.roles.description import Role, load_roles
from wangjian.publishing.copying import new_file
from wangjian.publishing.reading import LINK, current_file, quoted
from wangjian.publishing.shelf import current
from wangjian.state import Publication
from wangjian.warehouse.labels import Level

# Current counties only. The pattern also keeps a source's odd code from becoming a folder's name.
COUNTIES = """
    select region_code, region_name from source.marts.dim_region
    where region_level = 4 and valid_to is null and regexp_full_match(region_code, '[0-9]{6}') order by region_code
"""


@dataclass(frozen=True)
class RoleFile:
    """A file that was written for a role.

    Attributes:
        role: the name of the role.
        region_code: the county whose rows the file has; null if it has the rows of all counties.
        path: the link that readers open.
        tables: the number of tables.
        rows: the number of rows in all tables.
        byte_size: the size of the file in bytes.
    """

    role: str
    region_code: str | None
    path: Path
    tables: int
    rows: int
    byte_size: int


@dataclass(frozen=True)
class RoleFiles:
    """The files that were written from one publication."""

    publication_id: str
    files: tuple[RoleFile, ...]


@dataclass(frozen=True)
class _Column:
    name: str
    data_type: str
    level: Level
    comment: str


@dataclass(frozen=True)
class _Table:
    schema: str
    name: str
    comment: str
    columns: tuple[_Column, ...]

    def column_names(self) -> set[str]:
        return {column.name for column in self.columns}


def write_role_files(data: DataRoot) -> RoleFiles:
    """Write the file of every role from the publication that readers see. It can be repeated after any crash.

    Args:
        data: the data root.

    Returns:
        The written files, each `published/roles/<role>/warehouse.duckdb`. The folder of a county is `<role>-<region code>`.

    Raises:
        WangjianError: nothing is published, or an older version made the publication, without levels of columns.
        BadArguments: the file of roles is wrong.
    """
    roles = load_roles()
    # With the lock no other process can remove the publication while its rows are copied.
    with publishing_lock(data, "write the files of roles"), connect_beside(data.warehouse) as connection:
        publication = _attach(connection, data)
        tables = _tables(connection)
        roles.require({table.name: sorted(table.column_names()) for table in tables})
        counties = [code for code, _ in connection.execute(COUNTIES).fetchall()]
        files = []
        for name, role in roles.roles.items():
            for county in {"published": [], "own": [None], "per_county": counties}[role.file]:
                files.append(_write(connection, data, publication, tables, name, role, county))
        _remove_others(data, {file.path.parent for file in files})
    return RoleFiles(publication.publication_id, tuple(files))


def folder_of(data: DataRoot, role: str, region_code: str | None = None) -> Path:
    """Return the folder of a role's file.

    Each role has a folder of its own, because the file system decides who may read it.

    Args:
        data: the data root.
        role: the name of the role.
        region_code: the county; null for a file with all counties.

    Returns:
        The path, whether it exists or not.
    """
    return data.published / "roles" / (f"{role}-{region_code}" if region_code else role)


def _attach(connection: duckdb.DuckDBPyConnection, data: DataRoot) -> Publication:
    publication, path = current(data), current_file(data)
    if publication is None or path is None:
        raise WangjianError("nothing is published yet", folder=data.published, fix="run `wangjian publish`")
    connection.execute(f"attach '{quoted(path)}' as source (read_only)")
    return publication


def _tables(connection: duckdb.DuckDBPyConnection) -> tuple[_Table, ...]:
    try:
        levels = connection.execute("select schema_name, table_name, column_name, level from source.audit.column_level")
    except duckdb.CatalogException:
        raise WangjianError(
            "the publication has no levels of columns: an older version made it",
            fix="run `wangjian build` and publish",
        ) from None
    level = {tuple(place): name for *place, name in levels.fetchall()}
    columns: dict[tuple[str, str], list[_Column]] = {}
    for schema, table, column, kind, comment in connection.execute(
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() "
        "where database_name = 'source' and not internal order by schema_name, table_name, column_index"
    ).fetchall():
        columns.setdefault((schema, table), []).append(_Column(column, kind, level[schema, table, column], comment))
    comments = dict(
        connection.execute(
            "select (schema_name, table_name), comment from duckdb_tables() where database_name = 'source'"
        ).fetchall()
    )
    return tuple(_Table(*place, comments[place], tuple(of_table)) for place, of_table in columns.items())


def _write(
    connection: duckdb.DuckDBPyConnection,
    data: DataRoot,
    publication: Publication,
    tables: tuple[_Table, ...],
    name: str,
    role: Role,
    county: str | None,
) -> RoleFile:
    folder = folder_of(data, name, county)
    path = folder / publication.file_name
    # The previous file stays until the next run: a reader may have it open now.
    before = (folder / LINK).resolve() if (folder / LINK).is_symlink() else None
    with written_atomically(path) as temporary, new_file(connection, temporary):
        rows, seen = 0, []
        for table in _parents_first(role, tables):
            if shown := _shown(role, table, county):
                seen.append(shown)
                rows += _copy(connection, role, shown, _clause(role, table, county))
        _describe(connection, role, publication, tables, seen)
    show_folder(folder / LINK, path)
    for old in folder.glob("warehouse-*.duckdb"):
        if old not in {path, before}:
            old.unlink()
    return RoleFile(name, county, folder / LINK, len(seen), rows, path.stat().st_size)


def _parents_first(role: Role, tables: tuple[_Table, ...]) -> Iterator[_Table]:
    """Return the tables in an order in which each comes after those that its rows belong to."""
    # A county's rows of a child table are selected from its parents in the new file, which must therefore be there first.
    by_name = {table.name: table for table in tables}
    done: dict[str, None] = {}

    def visit(name: str, children: tuple[str, ...] = ()) -> None:
        if name in children:
            raise WangjianError(
                "the tables of a role belong to each other in a circle",
                tables=", ".join(children),
                fix="correct `through` in roles.yml",
            )
        for key in role.through.get(name, ()):
            visit(key.split(".")[0], (*children, name))
        done.setdefault(name)

    for table in tables:
        visit(table.name)
    return (by_name[name] for name in done)


def _shown(role: Role, table: _Table, county: str | None) -> _Table | None:
    """Return the part of a table that the role sees; null if it sees nothing of it."""
    if table.schema not in role.schemas or (role.tables is not None and table.name not in role.tables):
        return None
    # Without an owner of its rows a table is left out: a new table must not appear in every county's file before somebody decides.
    has_owner = table.name in {*role.whole, *role.through} or "region_code" in table.column_names()
    if county and not has_owner:
        return None
    columns = tuple(column for column in table.columns if column.level in role.levels)
    return _Table(table.schema, table.name, table.comment, columns) if columns else None


def _clause(role: Role, table: _Table, county: str | None) -> str:
    """Return the SQL condition for the rows of a table that the role sees."""
    wanted = [role.rows.get(table.name, "true")]
    if county and table.name in role.through:
        # In the new file (`building`) the parents have only the county's rows: their keys select those of the child.
        keys = [key.split(".") for key in role.through[table.name]]
        belongs = [f'"{key}" in (select "{key}" from building.marts."{parent}")' for parent, key in keys]
        wanted.append(" or ".join(belongs))
    elif county and table.name not in role.whole:
        wanted.append(f"region_code = '{county}'")
    return " and ".join(f"({clause})" for clause in wanted)


def _copy(connection: duckdb.DuckDBPyConnection, role: Role, table: _Table, clause: str) -> int:
    connection.execute(f'create schema if not exists building."{table.schema}"')
    cells = ", ".join(_cell(role, column) for column in table.columns)
    where = f'"{table.schema}"."{table.name}"'
    connection.execute(f"create table building.{where} as select {cells} from source.{where} where {clause}")
    _comment(connection, f"table building.{where}", table.comment)
    for column in table.columns:
        _comment(connection, f'column building.{where}."{column.name}"', column.comment)
    counted = connection.execute(f"select count(*) from building.{where}").fetchone()
    return int(counted[0]) if counted else 0


def _cell(role: Role, column: _Column) -> str:
    # The models mask already. The second mask limits a hole in a model to the roles that see the level unmasked.
    if column.level in role.masked and column.data_type == "VARCHAR":
        return f'{masked_sql(f""" "{column.name}" """.strip())} as "{column.name}"'
    return f'"{column.name}"'


def _comment(connection: duckdb.DuckDBPyConnection, what: str, comment: str | None) -> None:
    text = (comment or "").replace("'", "''")
    connection.execute(f"comment on {what} is '{text}'")


def _describe(
    connection: duckdb.DuckDBPyConnection,
    role: Role,
    publication: Publication,
    tables: tuple[_Table, ...],
    seen: list[_Table],
) -> None:
    """Add the publication and the levels of the columns to the file, unless the role sees these tables anyway."""
    about = {table.name: table for table in tables if table.schema == "audit"}
    written = {table.name for table in seen if table.schema == "audit"}
    if "publication" not in written:
        columns = tuple(column for column in about["publication"].columns if column.level in role.levels)
        # Only the publication's own row: this role does not see the audit tables.
        own = _Table("audit", "publication", about["publication"].comment, columns)
        _copy(connection, role, own, f"publication_id = '{publication.publication_id}'")
        seen.append(own)
    if "column_level" not in written:
        there = ", ".join(f"('{table.schema}', '{table.name}', '{c.name}')" for table in seen for c in table.columns)
        _copy(connection, role, about["column_level"], f"(schema_name, table_name, column_name) in ({there})")


def _remove_others(data: DataRoot, kept: set[Path]) -> None:
    """Remove the files of roles and counties that no longer exist: their readers would keep data that no role allows."""
    for folder in (data.published / "roles").glob("*"):
        if folder not in kept and folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
