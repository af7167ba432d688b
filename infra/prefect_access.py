"""How we ask a Prefect server over HTTP, and prove who we are: with what Prefect's own clients read too."""

from __future__ import annotations

import base64
import os
from typing import Any

import httpx

from infra.errors import Rejected, Unknown, Unreachable
from infra.redaction import remember_secrets

START = "start Prefect (`pipeline up` has one), or mend prefect_api"


def prefect_headers() -> dict[str, str]:
    """`Authorization` from PREFECT_API_AUTH_STRING (`user:password`) or PREFECT_API_KEY; empty where neither is set."""
    words, key = os.environ.get("PREFECT_API_AUTH_STRING", ""), os.environ.get("PREFECT_API_KEY", "")
    remember_secrets(value for value in (words, key) if value)
    if words:
        return {"Authorization": f"Basic {base64.b64encode(words.encode()).decode()}"}
    return {"Authorization": f"Bearer {key}"} if key else {}


def ask_prefect(url: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """What it answers; None where there is nothing of that name. `url` ends in /api.

    Raises Unreachable, Rejected, Unknown for an answer that Prefect would not give.
    """
    try:
        answer = httpx.request(method, url + path, json=body, timeout=10, headers=prefect_headers())
    except httpx.TransportError as error:
        raise Unreachable(f"{url} gave no answer: {type(error).__name__}", START) from None
    if answer.status_code == 404:
        return None
    if answer.status_code >= 500 or answer.status_code == 429:
        raise Unreachable(f"{url}{path} answered {answer.status_code}", "look at its log")
    if answer.status_code != 200:
        raise Rejected(f"{url}{path} answered {answer.status_code}", "is it Prefect's API? its address ends in /api")
    try:
        return answer.json()
    except ValueError:
        raise Unknown(f"{url}{path} did not answer as Prefect does", "its address ends in /api") from None
