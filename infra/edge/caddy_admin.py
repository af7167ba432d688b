"""Caddy's admin API on loopback: what it runs, and giving it another configuration."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

from infra.errors import Rejected, Unreachable
from infra.ports import LOOPBACK

HINT = "run `pipeline up`, and read edge.log and edge/caddy.log in the state folder"
# Plain HTTP on loopback: to trust nobody costs nothing, while reading the certificates of the system takes 25 ms.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def read(port: int, path: str = "", *, timeout_seconds: float = 10) -> Any:
    """What runs at `path` (such as apps/http) of the configuration; None where there is nothing.

    Raises Unreachable, and Rejected for an answer that is not 200.
    """
    return _ask("GET", port, f"/config/{path}", timeout_seconds).json()


def load(port: int, config: dict[str, Any]) -> None:
    """Run `config` instead. Raises Rejected with Caddy's words; the old one then goes on. Raises Unreachable."""
    _ask("POST", port, "/load", 30, config)


def _ask(method: str, port: int, path: str, timeout: float, body: dict[str, Any] | None = None) -> httpx.Response:
    url = f"http://{LOOPBACK}:{port}{path}"
    try:
        with httpx.Client(timeout=timeout, trust_env=False, verify=NO_TLS) as client:
            answer = client.request(method, url, json=body)
    except httpx.TransportError as error:
        raise Unreachable(f"the edge's admin API did not answer {method} {url}: {error}", HINT) from error
    if answer.status_code != 200:
        raise Rejected(f"Caddy answered {answer.status_code} to {method} {url}: {answer.text[:500].strip()}", HINT)
    return answer
