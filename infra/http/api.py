"""The one client of vendors: sends a call, repeats it only where that is harmless, and types every failure."""

from __future__ import annotations

import functools
import hashlib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import SecretStr

from infra.errors import PipelineError
from infra.http import errors
from infra.http.answer import Answer
from infra.http.call import Call
from infra.http.patience import Patience, limit_wait, retry_after
from infra.redaction import remember_secrets

USER_AGENT = "securyflex-pipeline/0.1 (python-httpx)"
# These come before anything has left us.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Service:
    """Where a vendor is and who we are to it. `query` goes with every call (a team's id)."""

    vendor: str
    base_url: str
    token: SecretStr
    query: Mapping[str, str] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)
    timeout_seconds: float = 30.0


class Api:
    """Calls of one vendor. Its token never appears in a message: it is redacted from now on."""

    def __init__(self, service: Service) -> None:
        self._service = service
        secret = service.token.get_secret_value()
        remember_secrets([secret])
        # For fingerprints that only a holder of the token can make.
        self.key = hashlib.sha256(secret.encode()).digest()
        self._client = httpx.Client(
            base_url=service.base_url.rstrip("/"),
            headers={"Authorization": f"Bearer {secret}", "User-Agent": USER_AGENT, "Accept": "application/json"},
            verify=_trusted(),
            timeout=httpx.Timeout(service.timeout_seconds, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
        )

    def ask(
        self,
        call: Call,
        path: Mapping[str, str] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> Answer:
        """The vendor's yes; statuses in `accept` count as one.

        Raises Unreachable (nothing happened), Refused (it said no) and Unknown (a write that may have happened).
        A call that is not safe to repeat is sent again only when nothing was sent or it was turned away with 429.
        `headers` may hold an idempotency key: give it with a call that is marked `is_idempotent`.
        """
        request = self._client.build_request(
            call.method,
            call.fill(path or {}),
            params={**self._service.query, **(query or {})},
            json=body,
            content=content,
            headers=headers,
        )
        return _Asking(self._client, self._service.patience, call, accept).ask(request)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Whom we believe to be who they are, read once: that takes a tenth of a second."""
    return httpx.create_ssl_context()


@dataclass
class _Asking:
    """One call until it is answered or the budget is spent."""

    client: httpx.Client
    patience: Patience
    call: Call
    accept: tuple[int, ...]
    tried: int = 0

    def __post_init__(self) -> None:
        self.began = time.monotonic()

    def ask(self, request: httpx.Request) -> Answer:
        """Until a yes, a no, or the end of the budget."""
        while True:
            self.tried += 1
            try:
                response = self.client.send(request)
            except httpx.RequestError as error:
                was_sent = not isinstance(error, NOT_SENT)
                may_repeat = self.call.is_safe_to_repeat or not was_sent
                self._wait(may_repeat, None, errors.silent(self.call, error, self.tried, was_sent=was_sent), error)
                continue
            if response.is_success or response.status_code in self.accept:
                return Answer(self.call, response)
            self._turned_away(response)

    def _turned_away(self, response: httpx.Response) -> None:
        """Wait for the next try, or raise what this answer means."""
        asked_for = retry_after(response.headers.get("Retry-After", ""))
        limit = limit_wait(response.headers)
        if response.status_code == 429 or (response.status_code == 403 and limit is not None):
            self._wait(True, limit, errors.limited(self.call, response, limit or 0.0))
        elif response.status_code >= 500 or response.status_code == 408:
            self._wait(self.call.is_safe_to_repeat, asked_for, errors.failing(self.call, response, self.tried))
        elif response.is_redirect:
            raise errors.refused(self.call, response, f"it points to {response.headers.get('Location', 'nowhere')}")
        else:
            raise errors.refused(self.call, response)

    def _wait(
        self, may_repeat: bool, asked_for: float | None, failure: PipelineError, cause: Exception | None = None
    ) -> None:
        pause = self.patience.pause(self.tried, asked_for, time.monotonic() - self.began) if may_repeat else None
        if pause is None:
            raise failure from cause
        time.sleep(pause)
