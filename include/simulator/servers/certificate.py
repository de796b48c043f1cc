"""Make a self-signed certificate for the simulator; a client must be configured to trust it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CERTIFICATE, KEY = "server.crt", "server.key"
VALID = timedelta(days=3650)


def certificate_files(folder: Path, host: str) -> tuple[str, str]:
    """Return the server's certificate and key; make them at the first use.

    They are kept, so that clients which trust the certificate need no change after a restart.

    Args:
        folder: the folder of both files.
        host: the server's name for its clients.

    Returns:
        The path of the certificate, and the path of the key.
    """
    certificate, key = folder / CERTIFICATE, folder / KEY
    if not certificate.exists():
        private = ec.generate_private_key(ec.SECP256R1())
        key.touch(mode=0o600)
        key.write_bytes(private.private_bytes(*_PLAIN_PEM))
        certificate.write_bytes(_signed(host, private).public_bytes(serialization.Encoding.PEM))
    return str(certificate), str(key)


_PLAIN_PEM = (
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)


def _signed(host: str, private: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    begin = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(begin + VALID)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.sign(private, hashes.SHA256())
