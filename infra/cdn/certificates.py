"""The certificate that a visitor's browser is shown, asked for over TLS like a browser does."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

from infra.errors import Rejected, Unreachable

HTTPS = 443
_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Certificate:
    """`expires` is seconds since the epoch. The chain and the name were checked against the system's authorities."""

    domain: str
    issuer: str
    expires: float

    @property
    def days_left(self) -> float:
        """From now."""
        return (self.expires - time.time()) / 86_400


def read_certificate(domain: str) -> Certificate:
    """`domain` is `name` or `name:port`. SSL_CERT_FILE names other authorities than the system's.

    Raises Unreachable when nobody answers, Rejected with TLS's reason when a browser would not trust it.
    """
    host, port = host_and_port(domain)
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        with (
            socket.create_connection((host, port), timeout=_TIMEOUT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            found: dict[str, Any] = dict(secured.getpeercert() or {})
    except ssl.SSLCertVerificationError as error:
        raise Rejected(
            f"the certificate of {domain} would not be trusted: {error.verify_message}", "renew or mend it"
        ) from error
    except ssl.SSLError as error:
        raise Rejected(f"{domain} does not speak TLS 1.2 or newer: {error.reason or error}") from error
    except OSError as error:
        raise Unreachable(f"{domain} does not answer on port {port}: {error}", "is its DNS record right?") from error
    issuer = ", ".join(value for part in found.get("issuer", ()) for name, value in part if name == "organizationName")
    return Certificate(domain, issuer or "an unnamed authority", ssl.cert_time_to_seconds(str(found["notAfter"])))


def host_and_port(domain: str) -> tuple[str, int]:
    """The parts of `name` or `name:port`."""
    host, _, port = domain.partition(":")
    return host, int(port) if port else HTTPS


def resolve(domain: str) -> list[str]:
    """The addresses that a name leads to now, sorted. Raises Unreachable when it leads nowhere."""
    host, port = host_and_port(domain)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreachable(f"{host} does not resolve: {error}", "look at its DNS records") from error
    return sorted({str(address[4][0]) for address in found})
