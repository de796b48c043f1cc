"""Roles and what each may see: one file describes the roles, and each role gets a DuckDB file next to the published one."""

from wangjian.governance.roles.description import Role, Roles, load_roles
from wangjian.governance.roles.files import RoleFile, RoleFiles, write_role_files

__all__ = ["Role", "RoleFile", "RoleFiles", "Roles", "load_roles", "write_role_files"]
