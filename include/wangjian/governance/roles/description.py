"""The file of roles and its schema."""

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
    """What people of one kind see.

    Attributes:
        file: `published`, the published file itself; `own`, a file of the role; `per_county`, a file for each county.
        tables: only these of the schemas; all if null.
        levels: columns of other levels are not in the file.
        masked: texts of these levels are masked by pattern once more.
        rows: SQL by table; only such rows.
        whole: `per_county`: tables that every county sees whole.
        through: `per_county`: tables whose rows belong to rows of another one, as `table.key`; the others need a `region_code`.
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
    def _makes_sense(self) -> Self:
        if not self.masked <= self.levels:
            raise ValueError("masked: levels that the role does not see")
        if self.file != "per_county" and (self.whole or self.through):
            raise ValueError("whole and through are for file: per_county")
        if self.file == "published" and (self.tables or self.masked or self.rows or len(self.levels) < len(LEVELS)):
            raise ValueError("the published file has all tables, rows and levels; file: own may have fewer")
        return self

    def named_tables(self) -> Iterator[str]:
        """Every table that it speaks of."""
        yield from (*(self.tables or ()), *self.rows, *self.whole, *self.through)
        yield from (key.split(".")[0] for keys in self.through.values() for key in keys)


class Roles(_Entry):
    """All roles.

    Attributes:
        with_publication: whether each publication writes the files.
    """

    with_publication: bool = False
    roles: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*$")], Role]

    def require(self, tables: Mapping[str, Sequence[str]]) -> None:
        """Ask for every table and key that a role speaks of.

        Args:
            tables: columns by table.

        Raises:
            BadArguments: some are not published; it names all of them.
        """
        unknown = {
            f"{role}: {name}"
            for role, found in self.roles.items()
            for name in found.named_tables()
            if name not in tables
        }
        unknown |= {
            f"{role}: {table} has no {key.split('.')[1]}"
            for role, found in self.roles.items()
            for child, keys in found.through.items()
            for key in keys
            for table in (child, key.split(".")[0])
            if table in tables and key.split(".")[1] not in tables[table]
        }
        if unknown:
            raise BadArguments(
                f"roles speak of what is not published: {', '.join(sorted(unknown))}",
                file=roles_file(),
                fix="correct it",
            )


def roles_file() -> Path:
    """The site's own file, or ours."""
    return settings().roles or DEFAULTS


def load_roles(path: Path | None = None) -> Roles:
    """Read the roles.

    Args:
        path: the YAML file; that of `$WANGJIAN_ROLES` if null, or else `roles.yml`.

    Raises:
        BadArguments: it cannot be read, or breaks the schema; all faults are told at once.
    """
    path = path or roles_file()
    return read_document(path, Roles, "the roles", f"correct ${VARIABLE}")
