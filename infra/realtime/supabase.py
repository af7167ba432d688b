"""Supabase Realtime over its websocket: Phoenix channels, protocol 1.0.0, JSON (supabase.com/docs/guides/realtime)."""

from __future__ import annotations

import itertools
import json
import logging
import secrets
import time
from collections.abc import Callable
from typing import Any

from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from infra.environment import Environment
from infra.environment.secret import read_secret
from infra.errors import BadInput, Rejected, Unreachable
from infra.realtime import Latency
from infra.redaction import redact

MOST_MESSAGES = 100
EVENT = "pipeline-probe"
_LARGEST_BYTES = 1 << 20
# The library's own would tell the handshake's headers, and so the key, to whoever listens at level DEBUG.
_LOGGER = logging.getLogger("pipeline.realtime")
_LOGGER.setLevel(logging.INFO)


class SupabaseRealtime:
    """`url` is the project's, such as https://<project>.supabase.co; `key` its publishable key."""

    def __init__(self, url: str, key: SecretStr) -> None:
        self._url = f"{url.replace('http', 'ws', 1)}/realtime/v1/websocket?vsn=1.0.0"
        self._key = key

    def measure(self, messages: int = 5, timeout_seconds: float = 10) -> Latency:
        """Subscribe to a broadcast of our own, send `messages` (1 to 100) and wait for each to come back.

        Raises Unreachable when nobody answers or a message does not come back in time, Rejected for a no.
        """
        if not 1 <= messages <= MOST_MESSAGES:
            raise BadInput("messages", f"is {messages}", f"give 1 to {MOST_MESSAGES}")
        started = time.monotonic()
        with self._connected(timeout_seconds) as socket:
            channel = _Channel(socket, timeout_seconds)
            channel.join()
            joined = _since(started)
            return Latency(joined, tuple(channel.send_and_wait(number) for number in range(messages)))

    def _connected(self, timeout_seconds: float) -> Connection:
        # Both headers: the gateway looks for the first, the service itself for the second. A key in the address
        # would end up in the logs of everything in between.
        key = self._key.get_secret_value()
        try:
            return connect(
                self._url,
                additional_headers={"apikey": key, "x-api-key": key},
                open_timeout=timeout_seconds,
                close_timeout=2,
                max_size=_LARGEST_BYTES,
                logger=_LOGGER,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            raise Rejected(f"realtime: {self._url} answered {status}", "check supabase.publishable_key") from None
        except (OSError, InvalidHandshake, InvalidURI, EOFError) as error:
            raise Unreachable(
                f"realtime: {self._url} does not answer: {redact(str(error))}", "is the project up?"
            ) from None


class _Channel:
    """One topic, ours alone, on one connection."""

    def __init__(self, socket: Connection, timeout_seconds: float) -> None:
        self._socket = socket
        self._timeout = timeout_seconds
        self._topic = f"realtime:{EVENT}-{secrets.token_hex(8)}"
        self._numbers = itertools.count(1)
        self._join = ""

    def join(self) -> None:
        """Subscribe to broadcasts, our own too. Raises Rejected with the service's reason."""
        config = {"broadcast": {"self": True, "ack": False}, "presence": {"enabled": False}, "private": False}
        self._join = self._send("phx_join", {"config": config})
        reply = self._wait(lambda found: found.get("event") == "phx_reply" and found.get("ref") == self._join)
        payload = reply.get("payload") or {}
        if payload.get("status") != "ok":
            reason = (payload.get("response") or {}).get("reason", "it gave no reason")
            raise Rejected(f"realtime: the subscription was refused: {redact(str(reason))}", "see the project's logs")

    def send_and_wait(self, number: int) -> float:
        """The milliseconds until a message of ours is back."""
        started = time.monotonic()
        self._send("broadcast", {"type": "broadcast", "event": EVENT, "payload": {"number": number}})
        self._wait(lambda found: _is_broadcast(found, number))
        return _since(started)

    def _send(self, event: str, payload: dict[str, Any]) -> str:
        ref = str(next(self._numbers))
        message = {"topic": self._topic, "event": event, "payload": payload, "ref": ref, "join_ref": self._join or ref}
        try:
            self._socket.send(json.dumps(message))
        except ConnectionClosed as error:
            raise _closed(error) from None
        return ref

    def _wait(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first message that is meant; others on the way (presence, system) are passed over."""
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                found = json.loads(self._socket.recv(timeout=max(0.0, deadline - time.monotonic())))
            except TimeoutError:
                raise Unreachable(f"realtime: nothing came back within {self._timeout:g} s", "see its status") from None
            except ConnectionClosed as error:
                raise _closed(error) from None
            except ValueError:
                raise Rejected("realtime: a message came that is not JSON", "is it Supabase that answers?") from None
            if not isinstance(found, dict) or found.get("topic") != self._topic:
                continue
            if found.get("event") in ("phx_error", "phx_close"):
                raise Rejected(f"realtime: the channel was ended with {found['event']}", "see the project's logs")
            if is_it(found):
                return found


def supabase_realtime_of(environment: Environment) -> SupabaseRealtime | None:
    """The realtime service of an environment's project; None where no key for it is named."""
    settings = environment.supabase
    if settings is None or not settings.publishable_key:
        return None
    return SupabaseRealtime(settings.url, read_secret("supabase.publishable_key", settings.publishable_key))


def _is_broadcast(found: dict[str, Any], number: int) -> bool:
    payload = found.get("payload") or {}
    return found.get("event") == "broadcast" and (payload.get("payload") or {}).get("number") == number


def _since(started: float) -> float:
    return (time.monotonic() - started) * 1000


def _closed(error: ConnectionClosed) -> Unreachable:
    return Unreachable(f"realtime: the connection was closed: {redact(str(error))}", "see the service's status")
