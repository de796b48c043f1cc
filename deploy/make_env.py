"""`make env`: .env from .env.example with random secrets, and a first certificate. What is there already stays as it is.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLE = "CHANGE_ME"
NGINX_USER = 101
VALID_DAYS = 825


def main(folder: Path) -> None:
    """Make or complete `.env` and `certificates/` in a folder that holds `.env.example`."""
    os.umask(0o077)
    example, env = folder / ".env.example", folder / ".env"
    text, made = completed(example.read_text(), env.read_text() if env.exists() else None)
    _write_secret(env, text)
    print(f".env: {', '.join(made) if made else '无变化 nothing to add'}")
    print(_certificate(folder / "certificates", settings(text)["WANGJIAN_HOST"]))


def completed(example: str, present: str | None) -> tuple[str, list[str]]:
    """The text of `.env`: what is there, what a newer example has besides, and a random value for each example one.

    Returns:
        The text and the names that were added or filled in.
    """
    lines, made = (example if present is None else present).splitlines(), []
    known = settings("\n".join(lines))
    lines += [f"{name}={value}" for name, value in settings(example).items() if name not in known]
    for number, line in enumerate(lines):
        name, _, value = line.partition("=")
        if value == EXAMPLE and not name.startswith("#"):
            lines[number] = f"{name}={random_secret(name)}"
            made.append(name)
    made += [name for name in settings(example) if name not in known and name not in made]
    return "\n".join(lines) + "\n", made


def settings(text: str) -> dict[str, str]:
    """Names and values."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def random_secret(name: str) -> str:
    """48 random bytes; 32 where the format of the key says so."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32 if "FERNET" in name else 48)).decode()


def _write_secret(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    temporary.replace(path)


def _certificate(folder: Path, host: str) -> str:
    certificate, key = folder / "site.crt", folder / "site.key"
    if certificate.exists() and key.exists():
        return f"证书 certificate: {certificate} 已存在 there already"
    if not shutil.which("openssl"):
        return f"⚠ 未找到 openssl no openssl here → 将证书放入 put a certificate in place: {certificate}, {key}"
    folder.mkdir(exist_ok=True)
    names = ",".join(f"DNS:{name}" for name in dict.fromkeys((host, "localhost")))
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256"]
    command += ["-days", str(VALID_DAYS), "-subj", f"/CN={host}", "-addext", f"subjectAltName={names},IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)  # noqa: S603
    certificate.chmod(0o644)
    return (
        f"证书 certificate: {certificate}，自签名，请换成单位的证书 self-signed, to be replaced by your own{_give(key)}"
    )


def _give(key: Path) -> str:
    """nginx reads the key, and nobody else."""
    if os.geteuid() != 0:
        return f"\n⚠ 请运行 run: sudo chown {NGINX_USER} {key}"
    os.chown(key, NGINX_USER, 0)
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
