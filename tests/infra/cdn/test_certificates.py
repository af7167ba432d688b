"""Certificates as a browser sees them, on a real TLS server with an authority of the test's own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deployments.twins.tls import AUTHORITY, certificate, tls_server
from infra.cdn.certificates import read_certificate, resolve
from infra.errors import Rejected, Unreachable

Serve = Callable[[str, float], str]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Serve a certificate for a name that ends in so many days, trusted from then on; `localhost:port`."""
    with ExitStack() as stack:

        def start(name: str, days: float) -> str:
            pem = tmp_path / "certificate.pem"
            pem.write_bytes(certificate(name, days))
            monkeypatch.setenv("SSL_CERT_FILE", str(pem))
            return f"localhost:{stack.enter_context(tls_server(pem))}"

        yield start


def test_a_good_certificate_says_whose_it_is_and_when_it_ends(serve: Serve) -> None:
    found = read_certificate(serve("localhost", 90))
    assert found.issuer == AUTHORITY
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
