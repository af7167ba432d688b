"""A tiny web app on a free loopback port, run in a thread: answers with its name, misbehaves when the path says so."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType

Writer = asyncio.StreamWriter


class TinyApp:
    """`with TinyApp("v1") as app:` serves at `app.address` until the end of the block, or until `die()`.

    Paths: /500, /slow (a second), /pause/MS, /reset (hangs up unanswered), /cut (half a body), /events (three
    server-sent events in 0.6 s), /cookie (sets one of its own), anything else 200. A WebSocket echoes bytes.
    """

    def __init__(self, name: str, port: int = 0) -> None:
        self.name = name
        self.port = port
        self.asked: Counter[str] = Counter()
        self.last_headers: dict[str, str] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._writers: set[Writer] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> TinyApp:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.die()

    def die(self) -> None:
        """Stop listening and drop every connection, as a killed process does."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._stop = asyncio.Event()
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", self.port, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        self._writers.add(writer)
        try:
            while await self._answer_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side hung up, as the edge may, or we die
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: Writer) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.strip().split("\r\n")
        headers = {key.lower(): value.strip() for key, value in (field.split(":", 1) for field in fields)}
        method, path, _ = line.split(" ")
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path = path.split("?")[0]
        self.asked[f"{method} {path}"] += 1
        self.last_headers = headers
        if headers.get("upgrade") == "websocket":
            return await _echo(reader, writer)
        mood = _MOODS.get(path)
        if mood:
            return await mood(writer)
        if path.startswith("/pause/"):
            await asyncio.sleep(int(path.rsplit("/", 1)[1]) / 1000)
        status = "500 Oops" if path == "/500" else "200 OK"
        return await _say(
            writer, status, f"{self.name} {len(body)}", "Set-Cookie: own=1\r\n" if path == "/cookie" else ""
        )


async def _say(writer: Writer, status: str, body: str, more: str = "") -> bool:
    writer.write(
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    await writer.drain()
    return True


async def _slow(writer: Writer) -> bool:
    await asyncio.sleep(1)
    return await _say(writer, "200 OK", "slow")


async def _reset(writer: Writer) -> bool:
    return False


async def _cut(writer: Writer) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
    await writer.drain()
    return False


async def _events(writer: Writer) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
    for number in range(3):
        writer.write(f"data: {number}\n\n".encode())
        await writer.drain()
        await asyncio.sleep(0.2)
    return False


async def _echo(reader: asyncio.StreamReader, writer: Writer) -> bool:
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    while data := await reader.read(1000):
        writer.write(data)
        await writer.drain()
    return False


_MOODS: dict[str, Callable[[Writer], Awaitable[bool]]] = {
    "/slow": _slow,
    "/reset": _reset,
    "/cut": _cut,
    "/events": _events,
}
