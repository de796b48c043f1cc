"""Secrets of a container: files below `/run/secrets`, each named after the environment variable that it becomes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from wangjian.core.errors import BadArguments

FOLDER = Path("/run/secrets")
EXAMPLE = "CHANGE_ME"
"""What stands in `.env.example` in place of a secret."""
SHORTEST = 12
CERTIFICATES = "SSL_CERT_FILE"
_GUARDED = ("PASSWORD", "KEY", "SECRET")


def read_secrets(folder: Path = FOLDER) -> dict[str, str]:
    """The secrets that this container was given; those that are optional and empty are left out.

    Raises:
        BadArguments: a password or key is unset, the example's, or too short.
    """
    if not folder.is_dir():
        return {}
    found = {path.name: path.read_text().strip() for path in sorted(folder.iterdir()) if path.name.isupper()}
    refuse_weak(found)
    return {name: value for name, value in found.items() if value}


def refuse_weak(secrets: Mapping[str, str]) -> None:
    """Nothing starts with a password that others know or can guess.

    Raises:
        BadArguments: names all that are wrong, never a value.
    """
    wrong = [f"{name} {reason}" for name, value in secrets.items() if (reason := _weakness(name, value))]
    if wrong:
        raise BadArguments(
            "口令或密钥不可用，拒绝启动 refusing to start with such secrets: " + "; ".join(wrong),
            fix="运行 make env 生成随机口令，或在 .env 中填写 run `make env`, which makes random ones, or fill them in in .env",
        )


def _weakness(name: str, value: str) -> str | None:
    if not name.endswith(_GUARDED):
        return None
    if not value:
        return "未设置 is not set"
    if EXAMPLE in value.upper():
        return "仍为示例值 is still the example's"
    if len(value) < SHORTEST:
        return f"不足 {SHORTEST} 个字符 is shorter than {SHORTEST} characters"
    return None


def environment(secrets: Mapping[str, str], given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a process: what the container has, the secrets, and the addresses that are made of them.

    Raises:
        BadArguments: the file of trusted certificates is not there.
    """
    made = {**given, **secrets}
    if password := secrets.get("POSTGRES_PASSWORD"):
        account = f"airflow:{quote(password, safe='')}@postgres/airflow"
        made["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"postgresql+psycopg2://{account}"
        made["AIRFLOW__CELERY__RESULT_BACKEND"] = f"db+postgresql://{account}"
    if password := secrets.get("REDIS_PASSWORD"):
        made["AIRFLOW__CELERY__BROKER_URL"] = f"redis://:{quote(password, safe='')}@redis:6379/0"
    _mind_certificates(made)
    return made


def _mind_certificates(made: dict[str, str]) -> None:
    # OpenSSL takes an empty name for a file that is not there
    path = made.pop(CERTIFICATES, "")
    if path and not Path(path).is_file():
        raise BadArguments(
            "数据源证书的签发机构文件不存在 there is no such file of trusted certificates",
            SOURCES_CA_FILE=path,
            fix="在 .env 中更正，或留空 correct it in .env, or leave it empty",
        )
    if path:
        made[CERTIFICATES] = path
