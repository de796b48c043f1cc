"""Read the file that describes the roles, and check it against its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from wangjian.core.documents import read_document
from wangjian.core.errors import BadArguments
from wangjian.core.settings import settings
from wangjian.warehouse.labels import LEVELS, Level, Text

DEFAULTS = Path(__file__).parent / "roles.yml"
VARIABLE = "WANGJIAN_ROLES"

Key = Annotated[str, StringConstraints(pattern=r"^\w+\.\w+$")]
Schema = Literal["marts", "reports", "audit"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Role(_Entry):
    """A group of people and the data that they may see.

    Attributes:
        file: `published` for the published file itself, `own` for one file, `per_county` for a file for each county.
        schemas: the schemas that the role sees.
        tables: the tables of these schemas that the role sees; all if null.
        levels: the levels that the role sees. Columns of other levels are not in the file.
        masked: the levels whose text columns are masked by pattern a second time.
        rows: a SQL condition by table: the role sees only the rows that meet it.
        whole: for `per_county`: the tables that every county sees whole.
        through: for `per_county`: the tables whose rows belong to rows of another table, named as `table.key`. Every other table needs
            a column `region_code`.
    """

    zh: Text
    en: Text
    file: Literal["published", "own", "per_county"]
    schemas: tuple[Schema, ...]
    tables: tuple[str, ...] | None = None
    levels: frozenset[Level] = Field(min_length=1)
    masked: frozenset[Level] = frozenset()
    rows: dict[str, str] = Field(default_factory=dict)
    whole: tuple[str, ...] = ()
    through: dict[str, tuple[Key, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if not self.masked <= self.levels:
            raise ValueError("masked: levels that the role does not see")
        if self.file != "per_county" and (self.whole or self.through):
            raise ValueError("whole and through are for file: per_county")
        # Its readers open the published file directly, so nothing could be taken out of it.
        if self.file == "published" and (self.tables or self.masked or self.rows or len(self.levels) < len(LEVELS)):
            raise ValueError("the published file has all tables, rows and levels; file: own may have fewer")
        return self

    def named_tables(self) -> Iterator[str]:
        """Yield every table that the role names."""
        yield from (*(self.tables or ()), *self.rows, *self.whole, *self.through)
        yield from (key.split(".")[0] for keys in self.through.values() for key in keys)


class Roles(_Entry):
    """All roles.

    Attributes:
        with_publication: whether each publication writes the files of the roles.
        roles: the roles by name.
    """

    with_publication: bool = False
    roles: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*$")], Role]

    def require(self, tables: Mapping[str, Sequence[str]]) -> None:
        """Check that every table and key that a role names is published.

        Args:
            tables: the published columns by table.

        Raises:
            BadArguments: some are not published; the message lists all of them.
        """
        unknown = {
            f"{name}: {table}"
            for name, role in self.roles.items()
            for table in role.named_tables()
            if table not in tables
        }
        unknown |= {
            f"{name}: {table} has no {key.split('.')[1]}"
            for name, role in self.roles.items()
            for child, keys in role.through.items()
            for key in keys
            for table in (child, key.split(".")[0])
            if table in tables and key.split(".")[1] not in tables[table]
        }
        # A misspelt table would otherwise be missing from the role's file without any message.
        if unknown:
            raise BadArguments(
                f"the roles name tables or columns that are not published: {', '.join(sorted(unknown))}",
                file=roles_file(),
                fix="correct these names in the file",
            )


def roles_file() -> Path:
    """Return the path of the site's own file of roles, or of the one in the package."""
    return settings().roles or DEFAULTS


def load_roles(path: Path | None = None) -> Roles:
    """Return the roles of a file.

    Args:
        path: the YAML file. Null stands for the file in `$WANGJIAN_ROLES` or, without it, `roles.yml` of the package.

    Returns:
        The roles.

    Raises:
        BadArguments: the file cannot be read or breaks the schema; the message lists every fault.
    """
    path = path or roles_file()
    return read_document(path, Roles, "the roles", f"correct ${VARIABLE}")
