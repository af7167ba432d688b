"""Stands between the product and the object store, passes everything on, and falls into a mood when it is told to.

One thread with its own loop, on 127.0.0.1. A mood begins with the end of every connection, as when a proxy is
restarted, and is met by the first request of each new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import Literal

from infra.ports import LOOPBACK

Mood = Literal["silent", "slow", "429", "5xx", "malformed", "loses the answer"]
SLOW_SECONDS = 2.0
SILENT_SECONDS = 20.0
_CHUNK = 1 << 16
_SAID = {
    "429": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "5xx": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    # Half a document, of a length that is not its own.
    "malformed": b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 400\r\n\r\n<?xml version=<<oops",
}


class MoodyProxy:
    """Listens on `port` and speaks to `upstream`, both of 127.0.0.1. Use it as a context."""

    def __init__(self, port: int, upstream: int) -> None:
        self._port, self._upstream = port, upstream
        self._mood: Mood | None = None
        self._until = 0.0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._clients: set[asyncio.StreamWriter] = set()
        self._up = threading.Event()
        self.touched = 0  # requests that met a mood

    def __enter__(self) -> MoodyProxy:
        self._thread.start()
        self._up.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def fall_into(self, mood: Mood, seconds: float) -> None:
        """For so many seconds from now."""
        self._mood, self._until, self.touched = mood, time.monotonic() + seconds, 0
        self._loop.call_soon_threadsafe(self._hang_up)

    def recover(self) -> None:
        """At once."""
        self._mood = None
        self._loop.call_soon_threadsafe(self._hang_up)

    @property
    def _now(self) -> Mood | None:
        return self._mood if time.monotonic() < self._until else None

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._talk, LOOPBACK, self._port))
        self._up.set()
        self._loop.run_forever()
        server.close()
        self._hang_up()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    def _hang_up(self) -> None:
        for writer in self._clients:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        self._clients.add(writer)
        try:
            first = await reader.read(_CHUNK)
            if first:
                await self._treat(first, reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _treat(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mood = self._now
        self.touched += mood is not None
        if mood == "silent":
            await asyncio.sleep(SILENT_SECONDS)
        elif mood in _SAID:
            writer.write(_SAID[mood])
            await writer.drain()
        else:
            await self._relay(first, reader, writer)

    async def _relay(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Both ways until one side ends. What the mood does to the answer is done on its way."""
        try:
            up_reader, up_writer = await asyncio.open_connection(LOOPBACK, self._upstream)
        except OSError:
            return  # the client meets a closed connection, as it would without us
        up_writer.write(first)
        asking = asyncio.create_task(_copy(reader, up_writer))
        try:
            while (answer := await up_reader.read(_CHUNK)) and await self._answer(answer, writer):
                pass
        finally:
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await asking
            up_writer.close()

    async def _answer(self, answer: bytes, writer: asyncio.StreamWriter) -> bool:
        """Pass it on; False when the connection is to be dropped instead."""
        mood = self._now
        # "Go on and send the body" is not the answer yet.
        if mood == "loses the answer" and not answer.startswith(b"HTTP/1.1 100"):
            return False
        if mood == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        writer.write(answer)
        await writer.drain()
        return True


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()
