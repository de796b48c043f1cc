"""Read the secrets of a container: files below `/run/secrets`, each named after the environment variable that it becomes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from wangjian.core.errors import BadArguments

FOLDER = Path("/run/secrets")
EXAMPLE = "CHANGE_ME"
"""The text that `.env.example` has instead of a secret."""
SHORTEST = 12
CERTIFICATES = "SSL_CERT_FILE"
_GUARDED = ("PASSWORD", "KEY", "SECRET")


def read_secrets(folder: Path = FOLDER) -> dict[str, str]:
    """Return the secrets of this container by name, without those that are optional and empty.

    Args:
        folder: the folder of the secrets.

    Raises:
        BadArguments: a password or key is unset, that of the example, or too short.
    """
    if not folder.is_dir():
        return {}
    secrets = {path.name: path.read_text().strip() for path in sorted(folder.iterdir()) if path.name.isupper()}
    refuse_weak(secrets)
    return {name: value for name, value in secrets.items() if value}


def refuse_weak(secrets: Mapping[str, str]) -> None:
    """Refuse to start with a password that other people know or can guess.

    Args:
        secrets: the values by name.

    Raises:
        BadArguments: some are weak. The message names all of them, and never a value.
    """
    wrong = [f"{name} {reason}" for name, value in secrets.items() if (reason := _weakness(name, value))]
    if wrong:
        raise BadArguments(
            "口令或密钥不可用，拒绝启动 refusing to start with such secrets: " + "; ".join(wrong),
            fix="运行 make env 生成随机口令，或在 .env 中填写 run `make env` for random ones, or set them in .env",
        )


def _weakness(name: str, value: str) -> str | None:
    if not name.endswith(_GUARDED):
        return None
    if not value:
        return "未设置 is not set"
    if EXAMPLE in value.upper():
        return "仍为示例值 still has the value of the example"
    if len(value) < SHORTEST:
        return f"不足 {SHORTEST} 个字符 is shorter than {SHORTEST} characters"
    return None


def environment(secrets: Mapping[str, str], given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of a process: the container's own, the secrets, and the addresses that contain secrets.

    Args:
        secrets: the secrets by name.
        given: the container's own environment.

    Raises:
        BadArguments: the file of trusted certificates does not exist.
    """
    # The addresses are built here and not in docker-compose.yml: a container gets its secrets as files only.
    made = {**given, **secrets}
    if password := secrets.get("POSTGRES_PASSWORD"):
        account = f"airflow:{quote(password, safe='')}@postgres/airflow"
        made["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"postgresql+psycopg2://{account}"
        made["AIRFLOW__CELERY__RESULT_BACKEND"] = f"db+postgresql://{account}"
    if password := secrets.get("REDIS_PASSWORD"):
        made["AIRFLOW__CELERY__BROKER_URL"] = f"redis://:{quote(password, safe='')}@redis:6379/0"
    _check_certificates(made)
    return made


def _check_certificates(made: dict[str, str]) -> None:
    # Removed if empty: OpenSSL would read the empty name as that of a missing file.
    path = made.pop(CERTIFICATES, "")
    if path and not Path(path).is_file():
        raise BadArguments(
            "数据源证书的签发机构文件不存在 the file of trusted certificates does not exist",
            SOURCES_CA_FILE=path,
            fix="在 .env 中更正，或留空 correct it in .env, or leave it empty",
        )
    if path:
        made[CERTIFICATES] = path
