"""Keep-alive HTTP/1.1 connections to one address, as a browser holds them; no retries, so that nothing is hidden."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

from infra.errors import BadInput

# Servers close idle connections after 5 s (uvicorn) or more; ours go first, so that neither side is surprised.
IDLE_SECONDS = 3.0


class ConnectionLost(Exception):
    """The connection could not be made, or ended before the whole answer was there."""


@dataclass(frozen=True)
class Reply:
    """An answer, whole. Header names are lower case; `cookies` are the Set-Cookie lines."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes


@dataclass
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    state: h11.Connection
    idle_since: float = 0.0
    is_used: bool = False


class Wire:
    """All connections to the host of one base URL; the most recently used idle one is taken first."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        if parts.scheme != "http" or not parts.hostname:
            raise BadInput("url", f"{base_url!r} is not an http:// address", "give one such as http://127.0.0.1:8080")
        self._host, self._port = parts.hostname, parts.port or 80
        self._authority = parts.netloc
        self._idle: list[_Connection] = []

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Send one request and read the whole answer. Raises ConnectionLost; cancelling it drops the connection."""
        connection = self._take_idle() or await self._open()
        try:
            reply = await self._exchange(connection, method, path, headers, body)
        except (OSError, h11.RemoteProtocolError, ConnectionLost) as error:
            connection.writer.close()
            where = "a reused" if connection.is_used else "a new"
            raise ConnectionLost(f"{type(error).__name__} on {where} connection: {error}") from error
        except BaseException:
            connection.writer.close()
            raise
        self._keep(connection)
        return reply

    def close(self) -> None:
        """Drop the idle connections."""
        for connection in self._idle:
            connection.writer.close()
        self._idle.clear()

    async def _open(self) -> _Connection:
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        except OSError as error:
            raise ConnectionLost(f"{type(error).__name__} at connect: {error}") from error
        return _Connection(reader, writer, h11.Connection(h11.CLIENT))

    def _take_idle(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.reader.at_eof() and time.monotonic() - connection.idle_since < IDLE_SECONDS:
                connection.is_used = True
                return connection
            connection.writer.close()
        return None

    def _keep(self, connection: _Connection) -> None:
        if connection.state.our_state is h11.DONE and connection.state.their_state is h11.DONE:
            connection.state.start_next_cycle()
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        else:
            connection.writer.close()

    async def _exchange(
        self, connection: _Connection, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        lines = [("Host", self._authority), *headers.items()]
        if body:
            lines.append(("Content-Length", str(len(body))))
        out = connection.state.send(h11.Request(method=method, target=path, headers=lines)) or b""
        out += connection.state.send(h11.Data(data=body)) or b"" if body else b""
        out += connection.state.send(h11.EndOfMessage()) or b""
        connection.writer.write(out)
        return await _read_reply(connection)


async def _read_reply(connection: _Connection) -> Reply:
    response: h11.Response | None = None
    chunks: list[bytes] = []
    while True:
        event = connection.state.next_event()
        if event is h11.NEED_DATA:
            data = await connection.reader.read(65_536)
            if not data and response is None:
                raise ConnectionLost("closed before an answer")
            connection.state.receive_data(data)
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            chunks.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage) and response is not None:
            return _reply(response, b"".join(chunks))


def _reply(response: h11.Response, body: bytes) -> Reply:
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
    cookies = tuple(value for name, value in pairs if name == "set-cookie")
    return Reply(response.status_code, dict(pairs), cookies, body)
