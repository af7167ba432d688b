"""Visitors of a site: ones with a cookie jar, ones without, and a bounded crowd of them."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Seen:
    """What one request was answered; status 0 means no answer, and `body` says why."""

    status: int
    slot: str
    body: str
    cookies: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


class Visitor:
    """A browser: keeps cookies, and with `keep_alive` its connection."""

    def __init__(self, port: int, *, keep_alive: bool = False) -> None:
        self._port = port
        self._keep_alive = keep_alive
        self._connection: http.client.HTTPConnection | None = None
        self.cookies: dict[str, str] = {}

    def ask(self, path: str = "/", method: str = "GET", body: bytes | None = None) -> Seen:
        connection = self._connection or http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, {"Cookie": cookie} if cookie else {})
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self._connection = None
            return Seen(0, "", repr(error))
        if self._keep_alive:
            self._connection = connection
        else:
            connection.close()
        set_cookies = tuple(answer.headers.get_all("Set-Cookie") or ())
        self.cookies |= dict(one.split(";")[0].split("=", 1) for one in set_cookies)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Seen(answer.status, headers.get("x-slot", ""), text, set_cookies, headers)

    def leave(self) -> None:
        if self._connection:
            self._connection.close()


def strangers(port: int, count: int) -> list[Seen]:
    """`count` first visits, over four connections."""
    seen: list[Seen] = []

    def visit() -> None:
        visitor = Visitor(port, keep_alive=True)
        for _ in range(count // 4):
            visitor.cookies.clear()
            seen.append(visitor.ask())
        visitor.leave()

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return seen


@contextmanager
def crowd(port: int, *, per_second: float, seconds_at_most: float = 30) -> Iterator[list[Seen]]:
    """Visits in the background until the block ends, half on kept connections and half on new ones; GETs and POSTs."""
    seen: list[Seen] = []
    over = threading.Event()
    end = time.monotonic() + seconds_at_most

    def visit(keep_alive: bool) -> None:
        visitor = Visitor(port, keep_alive=keep_alive)
        for number in itertools.count():
            if over.wait(4 / per_second) or time.monotonic() > end:
                break
            visitor.cookies.clear()
            seen.append(visitor.ask(*(("/", "POST", b"data") if number % 3 == 0 else ("/",))))
        visitor.leave()

    threads = [threading.Thread(target=visit, args=(number % 2 == 0,)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
