"""What a visitor's browser is shown: a TLS server whose certificate is its own authority."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deployments.twins.server import LOOPBACK

AUTHORITY = "Authority of the twin"
MADE_BEFORE_DAYS = 30


def certificate(name: str, days: float) -> bytes:
    """A certificate for `name` and 127.0.0.1 that ends in `days`, and its key, in one PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    who = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, AUTHORITY)]
    )
    names: list[x509.GeneralName] = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=MADE_BEFORE_DAYS))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM) + private


@contextmanager
def tls_server(pem: Path) -> Iterator[int]:
    """The port where every visitor is shown the certificate in `pem`, and then sent away."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server((LOOPBACK, 0)) as listening:
        threading.Thread(target=_answer, args=(listening, context), daemon=True).start()
        yield int(listening.getsockname()[1])


def _answer(listening: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            plain, _ = listening.accept()
        except OSError:
            return
        try:
            context.wrap_socket(plain, server_side=True).close()
        except (ssl.SSLError, OSError):
            plain.close()
