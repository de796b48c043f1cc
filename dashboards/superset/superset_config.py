"""Settings of Superset. Who starts it (`python -m wangjian.serving.superset`, or a container) says in `WANGJIAN_SUPERSET_HOME` where its own data
lies, and in `WANGJIAN_SUPERSET_SECRETS` where its secrets do, if not there."""

import os
from pathlib import Path

_HOME = Path(os.environ["WANGJIAN_SUPERSET_HOME"])

_SECRETS = Path(os.environ.get("WANGJIAN_SUPERSET_SECRETS") or _HOME)
# a web server with TLS stands before it
_BEHIND_TLS = bool(os.environ.get("WANGJIAN_SUPERSET_BEHIND_TLS"))

SECRET_KEY = (_SECRETS / "secret_key").read_text().strip()
GUEST_TOKEN_JWT_SECRET = SECRET_KEY
SQLALCHEMY_DATABASE_URI = f"sqlite:///{_HOME / 'metadata.db'}"
# several processes write down who looked at what; they wait for each other instead of failing
SQLALCHEMY_ENGINE_OPTIONS = {"connect_args": {"timeout": 30}}

# Chinese first, English on request
APP_NAME = "网监数仓 Wangjian"
LANGUAGES = {"zh": {"flag": "cn", "name": "中文"}, "en": {"flag": "us", "name": "English"}}
BABEL_DEFAULT_LOCALE = "zh"
D3_FORMAT = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["¥", ""]}

# nothing is cached: a publication is seen at the next refresh
CACHE_CONFIG = DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}

FEATURE_FLAGS = {
    "DASHBOARD_RBAC": True,  # a dashboard is shown to the roles that it names
    "ENABLE_TEMPLATE_PROCESSING": False,
    "ALLOW_ADHOC_SUBQUERY": False,  # a subquery would reach past the row rule
}
PUBLIC_ROLE_LIKE = None
AUTH_USER_REGISTRATION = False
ENABLE_CORS = False
PREVENT_UNSAFE_DB_CONNECTIONS = True

# Superset's pages carry a pixel that calls home, and maps, fonts and pictures from outside: the browser may ask this server only
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": _BEHIND_TLS,
}
ENABLE_PROXY_FIX = SESSION_COOKIE_SECURE = _BEHIND_TLS
# Airflow under the same host name has a cookie `session` as well
SESSION_COOKIE_NAME = "superset_session"
THEME_FONT_URL_ALLOWED_DOMAINS: list[str] = []


def DB_CONNECTION_MUTATOR(uri, params, username, security_manager, source):  # noqa: N802
    """Open the file that the link leads to now.

    Within one process DuckDB shares one instance a path: under the link's name, overlapping queries would go on
    showing the old file after a publication.
    """
    if uri.drivername.startswith("duckdb") and uri.database:
        uri = uri.set(database=str(Path(uri.database).resolve()))
    return uri, params
