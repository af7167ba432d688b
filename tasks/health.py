"""Whether something answers 200."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from tasks.outcomes import GateClosed

TIMEOUT_SECONDS = 10
MOST_REDIRECTS = 5
NO_HEADERS: Mapping[str, str] = {}


def is_healthy(url: str, headers: Mapping[str, str] = NO_HEADERS) -> bool:
    """Whether `url` answers 200 now."""
    try:
        check_path(url, headers)
    except GateClosed:
        return False
    return True


def check_path(url: str, headers: Mapping[str, str] = NO_HEADERS) -> None:
    """Raises GateClosed unless `url` answers 200, on its own host or another. `headers` may hold a secret: they go
    to the host of `url` and to no other."""
    try:
        status = _ask(url, headers).status_code
    except httpx.TransportError as error:
        raise GateClosed(f"smoke: {url} gave no answer ({type(error).__name__})") from error
    if status != 200:
        raise GateClosed(f"smoke: {url} answered {status}, expected 200")


def _ask(url: str, headers: Mapping[str, str]) -> httpx.Response:
    with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
        answer = client.get(url, headers=dict(headers))
        for _ in range(MOST_REDIRECTS):
            following = answer.next_request
            if following is None:
                return answer
            is_same = following.url.netloc == httpx.URL(url).netloc
            answer = client.get(following.url, headers=dict(headers) if is_same else {})
    return answer
