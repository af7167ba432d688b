"""Certificates as a browser sees them, on a real TLS server with an authority of the test's own."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.cdn.certificates import read_certificate, resolve
from infra.errors import Rejected, Unreachable

Serve = Callable[[str, float], str]


def certificate(name: str, days: float) -> bytes:
    """A certificate and its key in one PEM; it is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    who = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test CA")]
    )
    names: list[x509.GeneralName] = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=30))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM) + private


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Serve a certificate for a name that ends in so many days, trusted from then on; `localhost:port`."""
    sockets: list[socket.socket] = []

    def start(name: str, days: float) -> str:
        pem = tmp_path / "certificate.pem"
        pem.write_bytes(certificate(name, days))
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        listening = socket.create_server(("127.0.0.1", 0))
        sockets.append(listening)
        threading.Thread(target=_answer, args=(listening, context), daemon=True).start()
        return f"localhost:{listening.getsockname()[1]}"

    yield start
    for one in sockets:
        one.close()


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


def test_a_good_certificate_says_whose_it_is_and_when_it_ends(serve: Serve) -> None:
    found = read_certificate(serve("localhost", 90))
    assert found.issuer == "Test CA"
    assert found.days_left == pytest.approx(90, abs=0.1)


@pytest.mark.parametrize(
    ("name", "days", "words"),
    [("localhost", -1, "expired"), ("elsewhere.example", 90, "match|mismatch")],
    ids=["expired", "of another name"],
)
def test_what_a_browser_would_not_trust_is_rejected_with_the_reason(
    serve: Serve, name: str, days: float, words: str
) -> None:
    with pytest.raises(Rejected, match=f"would not be trusted: .*({words})"):
        read_certificate(serve(name, days))


def test_an_unknown_authority_is_rejected(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    domain = serve("localhost", 90)
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Rejected, match="self-signed"):
        read_certificate(domain)


def test_what_speaks_no_tls_is_rejected() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_say_hello, args=(listening,), daemon=True).start()
        with pytest.raises(Rejected, match="does not speak TLS"):
            read_certificate(f"localhost:{listening.getsockname()[1]}")


def _say_hello(listening: socket.socket) -> None:
    plain, _ = listening.accept()
    plain.recv(16)
    plain.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
    plain.close()


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="does not answer on port 1"):
        read_certificate("localhost:1")


def test_a_name_resolves_or_says_that_it_does_not() -> None:
    assert "127.0.0.1" in resolve("localhost:443")
    with pytest.raises(Unreachable, match=r"no-such-name\.invalid does not resolve"):
        resolve("no-such-name.invalid")
