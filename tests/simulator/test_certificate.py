"""The simulator's certificate: a client that is configured to trust it accepts it under the simulator's name only."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from simulator.servers.certificate import certificate_files


def _shake_hands(certificate: str, key: str, name: str) -> None:
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=certificate)
    server.load_cert_chain(certificate, key)
    ours, theirs = socket.socketpair()
    answering = threading.Thread(target=_answer, args=(server, theirs))
    answering.start()
    try:
        client.wrap_socket(ours, server_hostname=name).close()
    finally:
        ours.close()
        answering.join()


def _answer(server: ssl.SSLContext, plain: socket.socket) -> None:
    try:
        server.wrap_socket(plain, server_side=True).close()
    except OSError:
        plain.close()


def test_the_certificate_is_trusted_under_its_name_only(tmp_path: Path) -> None:
    certificate, key = certificate_files(tmp_path, "simulator")
    _shake_hands(certificate, key, "simulator")
    with pytest.raises(ssl.SSLCertVerificationError):
        _shake_hands(certificate, key, "elsewhere")


def test_the_certificate_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    certificate, key = certificate_files(tmp_path, "simulator")
    first = Path(certificate).read_bytes()
    assert certificate_files(tmp_path, "simulator") == (certificate, key)
    assert Path(certificate).read_bytes() == first
    assert Path(key).stat().st_mode & 0o777 == 0o600
