"""Bring Superset's own database up to date: its tables, our assets, and who may see what. May be run as often as wanted.

Runs in Superset's environment; `$WANGJIAN_SUPERSET_HOME/assets` holds what `wangjian.serving.superset` made of the description.
"""

import json
import os
import sqlite3
from pathlib import Path

import flask_migrate
from superset.app import create_app

HOME = Path(os.environ["WANGJIAN_SUPERSET_HOME"])
SECRETS = Path(os.environ.get("WANGJIAN_SUPERSET_SECRETS") or HOME)
ASSETS = HOME / "assets"
ADMIN = "admin"
CITY = "市局"
FAIL_CLOSED = "无角色者无数据"

# what a person needs who looks at dashboards, filters them and takes their own rows home; nothing to write, no SQL
READER_PERMISSIONS = (
    ("can_read", "Dashboard"),
    ("can_dashboard", "Superset"),
    ("can_language_pack", "Superset"),
    ("can_read", "Chart"),
    ("can_slice", "Superset"),
    ("can_explore_json", "Superset"),
    ("can_read", "Dataset"),
    ("can_get", "Datasource"),
    ("can_csv", "Superset"),
    ("can_log", "Superset"),
    ("can_recent_activity", "Log"),
    ("can_read", "DashboardFilterStateRestApi"),
    ("can_write", "DashboardFilterStateRestApi"),
    ("can_read", "DashboardPermalinkRestApi"),
    ("can_time_range", "Api"),
    ("can_query_form_data", "Api"),
    ("can_read", "CssTemplate"),
    ("can_read", "Theme"),
    ("can_read", "CurrentUserRestApi"),
    ("can_read", "SecurityRestApi"),  # the token against forged requests
    ("can_read", "Annotation"),
    ("can_userinfo", "UserDBModelView"),
    ("resetmypassword", "UserDBModelView"),
    ("menu_access", "Dashboards"),
    ("menu_access", "Home"),
)


def main() -> None:
    _allow_readers_beside_a_writer()
    with create_app().app_context():
        flask_migrate.upgrade()
        _load()
    print("Superset 已就绪 ready")


def _allow_readers_beside_a_writer() -> None:
    # stays with the file
    with sqlite3.connect(HOME / "metadata.db") as connection:
        connection.execute("pragma journal_mode = wal")


def _load() -> None:
    from superset import db, security_manager
    from superset.extensions import appbuilder
    from superset.utils.core import override_user

    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    db.session.commit()
    with override_user(_admin(security_manager)):
        _import_assets()
    access = json.loads((ASSETS / "access.json").read_text())
    _remove_what_is_no_longer_described(db, access)
    _grant(db, security_manager, access)
    db.session.commit()


def _admin(security_manager):
    found = security_manager.find_user(ADMIN)
    if found is None:
        password = (SECRETS / "admin_password").read_text().strip()
        role = security_manager.find_role("Admin")
        found = security_manager.add_user(ADMIN, "管理员", "", f"{ADMIN}@localhost", role, password)
    return found


def _import_assets() -> None:
    from superset.commands.importers.v1.assets import ImportAssetsCommand

    paths = sorted(ASSETS.rglob("*.yaml"))
    ImportAssetsCommand({str(path.relative_to(ASSETS)): path.read_text(encoding="utf-8") for path in paths}).run()


def _remove_what_is_no_longer_described(db, access) -> None:
    """Ours bear the mark `is_managed_externally`; what people made themselves does not."""
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    for model, kept in ((Dashboard, access["dashboards"]), (Slice, access["charts"]), (SqlaTable, access["datasets"])):
        for found in db.session.query(model).filter_by(is_managed_externally=True):
            if str(found.uuid) not in kept:
                db.session.delete(found)
    db.session.commit()


def _grant(db, security_manager, access) -> None:
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.dashboard import Dashboard

    datasets = db.session.query(SqlaTable).filter(SqlaTable.uuid.in_(access["datasets"])).all()
    by_county = [dataset for dataset in datasets if access["datasets"][str(dataset.uuid)]["by_county"]]
    city = _role(security_manager, CITY, datasets)
    counties = []
    for county in access["counties"]:
        code = county["region_code"]
        role = _role(security_manager, f"县区 {code} {county['region_name']}", by_county)
        # a person of two counties sees both: rules of one group widen each other
        _rule(db, f"县区 {code}", "Regular", f"region_code = '{code}'", [role], by_county, group="county")
        counties.append(role)
    # whoever gets at a dataset by another role, or by none of these, sees no row of it
    exempt = [city, security_manager.find_role("Admin"), *counties]
    _rule(db, FAIL_CLOSED, "Base", "1 = 0", exempt, datasets)
    for dashboard in db.session.query(Dashboard).filter(Dashboard.uuid.in_(access["dashboards"])):
        for_counties = access["dashboards"][str(dashboard.uuid)]["for_counties"]
        dashboard.roles = counties if for_counties else [city]


def _role(security_manager, name, datasets):
    """A role with just these permissions: what somebody added by hand goes."""
    wanted = [*READER_PERMISSIONS, *(("datasource_access", dataset.perm) for dataset in datasets)]
    role = security_manager.add_role(name)
    role.permissions = [security_manager.add_permission_view_menu(*permission) for permission in wanted]
    return role


def _rule(db, name, kind, clause, roles, tables, group=None) -> None:
    from superset.connectors.sqla.models import RowLevelSecurityFilter

    rule = db.session.query(RowLevelSecurityFilter).filter_by(name=name).one_or_none() or RowLevelSecurityFilter()
    rule.name, rule.filter_type, rule.clause, rule.group_key = name, kind, clause, group
    rule.roles, rule.tables = roles, tables
    db.session.add(rule)


if __name__ == "__main__":
    main()
