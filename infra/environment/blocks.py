"""Secrets that lie in a block of the environment's Prefect server, as `block:<type>/<name>`, asked for when needed.

Over HTTP: what runs on a worker, the command line and the guard read them alike, and nobody has to import Prefect.
"""

from __future__ import annotations

import time
from typing import Any

import httpx

from infra.errors import BadInput, Rejected, Unknown, Unreachable
from infra.prefect_access import prefect_headers
from infra.redaction import remember_secrets

PREFIX = "block:"
YOUNG_SECONDS = 300.0
_servers: dict[str, str] = {}
_kept: dict[tuple[str, str, str], tuple[float, dict[str, Any]]] = {}


def remember_server(reference: str, url: str) -> None:
    """`reference` stands in the file of an environment whose Prefect API is at `url`.

    Raises BadInput when another environment has it at another server: the wrong one of the two would be read.
    """
    known = _servers.setdefault(reference, url)
    if known != url and reference.startswith(PREFIX):
        raise BadInput(
            reference, f"lies at {known} for one environment and at {url} for another", "name the two blocks apart"
        )


def read_block(field: str, reference: str) -> str:
    """The value for `field`: the block's field of the same last name, or the only one that it has.

    Raises BadInput where there is no such block or field, Unreachable, Rejected, Unknown. Never says what it read.
    """
    kind, _, name = reference.removeprefix(PREFIX).partition("/")
    data = _young(field, kind, name, _servers.get(reference, ""))
    key = field.rpartition(".")[2]
    found = data.get(key, next(iter(data.values())) if len(data) == 1 else None)
    if not isinstance(found, str) or not found:
        has = ", ".join(sorted(data)) or "nothing"
        raise BadInput(field, f"block {kind}/{name} has no {key!r}, but {has}", "fill it in, in the Prefect UI")
    remember_secrets([found])
    return found


def _young(field: str, kind: str, name: str, url: str) -> dict[str, Any]:
    """What was read in the last minutes, and for as long as the server is silent what was read before that: a release
    looks at its lock every second, and a server that restarts must not end it."""
    when, data = _kept.get((url, kind, name), (0.0, {}))
    if data and time.monotonic() - when < YOUNG_SECONDS:
        return data
    try:
        data = _data(field, kind, name, url)
    except Unreachable:
        if not data:
            raise
        return data
    _kept[url, kind, name] = time.monotonic(), data
    return data


def _data(field: str, kind: str, name: str, url: str) -> dict[str, Any]:
    if not url:
        raise BadInput(field, f"nobody knows where block {kind}/{name} is", "set prefect_api in the environment's file")
    path = f"{url}/block_types/slug/{kind}/block_documents/name/{name}"
    try:
        answer = httpx.get(path, params={"include_secrets": "true"}, timeout=10, headers=prefect_headers())
    except httpx.TransportError as error:
        raise Unreachable(f"{url} gave no answer to {field}: {type(error).__name__}", "start Prefect") from None
    if answer.status_code == 404:
        fix = f"`pipeline deploy` registers the type; then make a block {name!r} of it in the UI, under Blocks"
        raise BadInput(field, f"block {kind}/{name} does not exist at {url}", fix)
    if answer.status_code >= 500 or answer.status_code == 429:
        raise Unreachable(f"{url} answered {answer.status_code} for block {kind}/{name}", "look at its log")
    if answer.status_code != 200:
        raise Rejected(f"{url} answered {answer.status_code} for block {kind}/{name}", "see PREFECT_API_AUTH_STRING")
    return _parsed(answer, url)


def _parsed(answer: httpx.Response, url: str) -> dict[str, Any]:
    try:
        return dict(answer.json()["data"])
    except (ValueError, TypeError, KeyError):
        # Not the answer itself: it may hold the secret.
        raise Unknown(f"{url} did not answer as Prefect does", "is that its API? the address ends in /api") from None
