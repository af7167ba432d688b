"""Whether something answers 200."""

from __future__ import annotations

import httpx

from tasks.outcomes import GateClosed


def is_healthy(url: str) -> bool:
    """Whether `url` answers 200 now."""
    try:
        check_path(url)
    except GateClosed:
        return False
    return True


def check_path(url: str) -> None:
    """Raises GateClosed unless `url` answers 200."""
    try:
        status = httpx.get(url, timeout=10, follow_redirects=True).status_code
    except httpx.TransportError as error:
        raise GateClosed(f"smoke: {url} gave no answer ({type(error).__name__})") from error
    if status != 200:
        raise GateClosed(f"smoke: {url} answered {status}, expected 200")
