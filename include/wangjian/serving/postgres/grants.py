"""Copy the grants of a schema to the schema that replaces it, so that its readers keep their access."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

_SCHEMA = """
    select coalesce(quote_ident(roles.rolname), 'public')
    from pg_namespace as schemas
    cross join lateral aclexplode(schemas.nspacl) as granted
    left join pg_roles as roles on granted.grantee = roles.oid
    where schemas.nspname = %s and granted.privilege_type = 'USAGE' and granted.grantee <> schemas.nspowner
"""
_TABLES = """
    select tables.relname, coalesce(quote_ident(roles.rolname), 'public')
    from pg_class as tables
    cross join lateral aclexplode(tables.relacl) as granted
    left join pg_roles as roles on granted.grantee = roles.oid
    where tables.relnamespace = to_regnamespace(%s) and tables.relkind = 'r' and granted.privilege_type = 'SELECT'
        and granted.grantee <> tables.relowner
"""
_NAMES = "select relname from pg_class where relnamespace = to_regnamespace(%s) and relkind = 'r' order by relname"


def copy_grants(connection: psycopg.Connection[Any], old: str, new: str) -> None:
    """Copy the right to read, of the schema and of each table.

    Args:
        connection: the database, in the transaction of the swap: a reader must not find the new schema without access.
        old: the schema to copy the grants of; it need not exist.
        new: the schema that replaces it. A table that the old schema lacks may be read by those who may read all of the old.
    """
    for (role,) in connection.execute(_SCHEMA, [old]).fetchall():
        connection.execute(f'grant usage on schema "{new}" to {role}')
    before = [name for (name,) in connection.execute(_NAMES, [old]).fetchall()]
    granted = set(connection.execute(_TABLES, [old]).fetchall())
    # a new table has no grants to copy: give it to those for whom the person granted everything
    readers_of_all = {role for _, role in granted if all((name, role) in granted for name in before)}
    for (name,) in connection.execute(_NAMES, [new]).fetchall():
        roles = {role for table, role in granted if table == name} if name in before else readers_of_all
        for role in sorted(roles):
            connection.execute(f'grant select on "{new}"."{name}" to {role}')
