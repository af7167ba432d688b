"""One question to Prefect's API over HTTP: with the credential, with typed errors, and no trust in what comes back."""

from __future__ import annotations

import base64
import os
from typing import Any

import httpx

from infra.errors import BadInput, Rejected, Unknown, Unreachable
from infra.redaction import redact, remember_secrets

# Prefect answers 500 while its database is away, and 429 when it is asked too often; the others are a proxy's words.
SILENT = (429, 500, 502, 503, 504)
AUTH_STRING, API_KEY = "PREFECT_API_AUTH_STRING", "PREFECT_API_KEY"


class NotAllowed(Rejected):
    """Prefect does not take the credential, or wants one."""


class PrefectWire:
    """`url` ends in /api. The credential is PREFECT_API_AUTH_STRING (user:password) or PREFECT_API_KEY."""

    def __init__(self, url: str, timeout_seconds: float = 20) -> None:
        self.url = url
        transport = httpx.HTTPTransport(retries=3)
        self._client = httpx.Client(base_url=url, timeout=timeout_seconds, transport=transport, headers=_credential())

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON that came back. Raises Unreachable after silence, NotAllowed, BadInput for what is not there or not
        right, Rejected for any other no, Unknown for an answer that Prefect would not give."""
        try:
            answer = self._client.request(method, path, json=body)
        except httpx.TransportError as error:
            raise Unreachable(
                f"no answer from Prefect at {self.url} ({type(error).__name__})", "run `pipeline up`"
            ) from error
        self._check(method, path, answer)
        try:
            return answer.json()
        except ValueError as error:
            raise _nonsense(method, f"{self.url}{path}", answer.text) from error

    def _check(self, method: str, path: str, answer: httpx.Response) -> None:
        code, said = answer.status_code, redact(answer.text[:500])
        if code in SILENT:
            raise Unreachable(f"Prefect at {self.url} answered {code} to {method} {path}: {said}", "look at its log")
        if code in (403, 404) and not _is_prefects_own(answer):
            raise _nonsense(method, f"{self.url}{path}", f"{code} {answer.text[:200]}")
        if code in (401, 403):
            raise NotAllowed(f"Prefect at {self.url} answered {code} to {method} {path}: {said}", _credential_hint())
        if code == 404:
            raise BadInput("deployment", f"{path} is not known to Prefect", "run `pipeline up`, which registers it")
        if code in (409, 422):
            raise BadInput("parameters", f"refused by Prefect: {said}", "see `--help` for what it takes")
        if code >= 400:
            raise Rejected(f"{method} {path} gave {code}: {said}")
        if code >= 300:
            raise _nonsense(method, f"{self.url}{path}", f"{code} to {answer.headers.get('location', 'nowhere')}")


def _is_prefects_own(answer: httpx.Response) -> bool:
    """Whether Prefect itself says that there is no such thing, and not the page of a proxy that has lost its backend:
    one of these names is in every refusal of Prefect's."""
    try:
        said = answer.json()
    except ValueError:
        return False
    return isinstance(said, dict) and bool({"detail", "exception_message"} & said.keys())


def _credential() -> dict[str, str]:
    both, key = os.environ.get(AUTH_STRING, ""), os.environ.get(API_KEY, "")
    if both:
        encoded = base64.b64encode(both.encode()).decode()
        remember_secrets([both, both.partition(":")[2], encoded])
        return {"Authorization": f"Basic {encoded}"}
    remember_secrets([key])
    return {"Authorization": f"Bearer {key}"} if key else {}


def _credential_hint() -> str:
    given = next((name for name in (AUTH_STRING, API_KEY) if os.environ.get(name)), "")
    return f"renew {given}: it is wrong or expired" if given else f"set {AUTH_STRING} to user:password"


def _nonsense(method: str, where: str, said: str) -> Unknown:
    excerpt = redact(" ".join(said[:200].split())) or "nothing"
    return Unknown(
        f"{method} {where} was not answered as Prefect does: {excerpt}", "is that Prefect's API, ending /api?"
    )
