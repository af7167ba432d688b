"""The app under chaos as it is released: answers the load's visitors out of its database.

A database that is away is waited for, 3 s at most; what it then cannot do is answered with 503.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, LiteralString

import psycopg

PHRASES = {200: "OK", 201: "Created", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"}
CONNECTIONS = 6
PATIENCE_SECONDS = 3.0
CHECKIN: LiteralString = "INSERT INTO checkins (id, shift_id, latitude, longitude{}) VALUES (%s, %s, %s, %s{})"
PAYMENT: LiteralString = "INSERT INTO payments (id, shift_id, amount_cents) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
Answer = tuple[int, dict[str, Any]]


class Database:
    """A few connections, each made anew when it broke."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: asyncio.Queue[psycopg.AsyncConnection[Any] | None] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            self._idle.put_nowait(None)

    async def ask(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """The rows. Repeats what broke: every query here may be repeated. Raises psycopg.Error."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            connection = await self._idle.get()
            try:
                connection = connection or await self._connect()
                cursor = await connection.execute(query.encode(), values)
                return await cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                if connection is not None:
                    await connection.close()
                connection = None
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.05)
            finally:
                self._idle.put_nowait(connection)

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(self._url, autocommit=True, connect_timeout=2)


class App:
    """`faults.json` beside it says which share of the requests fails, and which column check-ins are written to."""

    def __init__(self) -> None:
        faults = json.loads(Path("faults.json").read_text())
        self._failing, self._column = float(faults["failing"]), str(faults["column"])
        self._version = os.environ["APP_VERSION"]
        self._database = Database(os.environ["DATABASE_URL"])

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the other side ends it."""
        try:
            while True:
                method, path, body = await _read(reader)
                status, found = await self._answer(method, path, body)
                content = json.dumps(found).encode()
                head = f"HTTP/1.1 {status} {PHRASES[status]}\r\nX-App-Version: {self._version}\r\n"
                lengths = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
                writer.write((head + lengths).encode() + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, method: str, path: str, body: bytes) -> Answer:
        if path == "/health":
            return 200, {"version": self._version}
        if random.random() < self._failing:
            return 500, {"error": "this version fails"}
        try:
            return await (self._write(path, json.loads(body)) if method == "POST" else self._look(path))
        except psycopg.Error as error:
            return 503, {"error": f"{type(error).__name__}: {error}"}

    async def _write(self, path: str, asked: dict[str, Any]) -> Answer:
        if path == "/api/payments":
            row = {name: asked[name] for name in ("id", "shift_id", "amount_cents")}
            await self._database.ask(PAYMENT, tuple(row.values()))
            return 201, row
        row = {name: asked[name] for name in ("id", "shift_id", "latitude", "longitude")}
        more = (f", {self._column}", ", 'filled'") if self._column else ("", "")
        await self._database.ask(f"{CHECKIN.format(*more)} ON CONFLICT DO NOTHING", tuple(row.values()))
        return 201, row

    async def _look(self, path: str) -> Answer:
        if path.startswith("/api/checkins/"):
            asked = path.rsplit("/", 1)[1]
            rows = await self._database.ask("SELECT id::text FROM checkins WHERE id = %s", (asked,))
            return (200, {"id": rows[0][0]}) if rows else (404, {"error": "no such check-in"})
        # One id for the whole query: the database would draw a new one for each row, and look at all of them.
        rows = await self._database.ask("SELECT count(*) FROM payments WHERE id = %s", (uuid.uuid4(),))
        return 200, {"found": rows[0][0]}


async def _read(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    lengths = [line.partition(":")[2] for line in lines if line.lower().startswith("content-length:")]
    return method, path, await reader.readexactly(int(lengths[0]) if lengths else 0)


async def main() -> None:
    """Serve on PORT."""
    server = await asyncio.start_server(App().talk, "127.0.0.1", int(os.environ["PORT"]), backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
