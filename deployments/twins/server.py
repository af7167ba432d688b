"""The ground that every twin stands on: routes, moods, a log of all calls, and a threaded server on 127.0.0.1.

A twin is a class with methods marked `@route`; each gets a Request and returns a Reply, or raises VendorError.
"""

from __future__ import annotations

import re
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from deployments.twins.moods import Mood, Moods
from deployments.twins.wire import Entry, Reply, Request

LOOPBACK = "127.0.0.1"
MALFORMED = Reply(200, content=b"<html><body>Bad Gateway</body></html>", content_type="text/html")
Handler = Callable[[Any, Request], Reply]
Marked = TypeVar("Marked", bound=Callable[..., Reply])


class VendorError(Exception):
    """The twin's no, in the vendor's words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class Route:
    """One operation of the vendor: `template` as its document writes it."""

    method: str
    template: str
    operation: str
    handle: Handler

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The values in the path; None when it is another route's."""
        pattern = "".join(
            f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{[^}]+\})", self.template)
        )
        found = re.fullmatch(pattern, path) if method == self.method else None
        return {name: urllib.parse.unquote(value) for name, value in found.groupdict().items()} if found else None


def route(method: str, template: str, operation: str) -> Callable[[Marked], Marked]:
    """Marks a method of a twin as the vendor's `operation`. A method may be marked more than once."""

    def mark(function: Marked) -> Marked:
        marks = [*getattr(function, "routes", []), (method, template, operation)]
        setattr(function, "routes", marks)  # noqa: B010 # a plain assignment is not one that mypy allows
        return function

    return mark


class Twin:
    """A vendor's stand-in at `url`, from `start` until `stop`. Subclasses hold state and mark routes.

    `lock` is held while a route acts, so that state changes one call at a time.
    """

    vendor = "vendor"
    token = "token-of-the-twin"

    def __init__(self, port: int = 0) -> None:
        self.moods = Moods()
        self.log: list[Entry] = []
        self.lock = threading.RLock()
        self._routes = _routes_of(self)
        self._server = serve(port, self.reply_to)
        self.port = self._server.server_address[1]
        self.url = f"http://{LOOPBACK}:{self.port}"

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving; the log and the state stay."""
        end(self._server)

    def reply_to(self, request: Request) -> Reply | None:
        """What goes back; None closes the connection without a word."""
        found = self._find(request)
        if found is None:
            reply = self.error(404, "not_found", f"{request.method} {request.path} is not a call of this twin")
            self._note("", "", request, reply, None)
            return reply
        route, request = found
        mood = self.moods.take(route.operation)
        return self._in_mood(route, request, mood) if mood else self._act(route, request, None)

    def error(self, status: int, code: str, message: str) -> Reply:
        """A no in the vendor's shape."""
        return Reply(status, {"error": {"code": code, "message": message}})

    def admit(self, request: Request) -> None:
        """Raises VendorError for a caller without the vendor's token."""
        if request.bearer != self.token:
            raise VendorError(403, "forbidden", "Not authorized")

    def calls(self, operation: str) -> list[Entry]:
        """What was asked of one operation, oldest first."""
        return [entry for entry in self.log if entry.operation == operation]

    def _find(self, request: Request) -> tuple[Route, Request] | None:
        for one in self._routes:
            values = one.match(request.method, request.path)
            if values is not None:
                return one, replace(request, values=values)
        return None

    def _act(self, route: Route, request: Request, mood: Mood | None) -> Reply:
        try:
            with self.lock:
                self.admit(request)
                reply = route.handle(self, request)
        except VendorError as no:
            reply = self.error(no.status, no.code, no.message)
        except (ValueError, KeyError, TypeError) as wrong:
            reply = self.error(400, "bad_request", f"{type(wrong).__name__}: {wrong}")
        self._note(route.operation, route.template, request, reply, mood)
        return reply

    def _in_mood(self, route: Route, request: Request, mood: Mood) -> Reply | None:
        if mood.kind in ("slow", "malformed", "lost"):
            reply = self._act(route, request, mood)
            time.sleep(mood.seconds if mood.kind == "slow" else 0)
            return {"slow": reply, "malformed": MALFORMED, "lost": None}[mood.kind]
        if mood.kind == "silent":
            self._note(route.operation, route.template, request, None, mood)
            time.sleep(mood.seconds)
            return None
        reply = self._turn_away(mood)
        self._note(route.operation, route.template, request, reply, mood)
        return reply

    def _turn_away(self, mood: Mood) -> Reply:
        if mood.kind == "limited":
            reply = self.error(429, "rate_limited", "Too many requests")
            return replace(reply, headers={"Retry-After": f"{mood.seconds:g}"})
        if mood.kind == "failing":
            return self.error(503, "service_unavailable", "The service is unavailable")
        return self.error(403, "forbidden", "The plan of this team does not include it")

    def _note(self, operation: str, template: str, request: Request, reply: Reply | None, mood: Mood | None) -> None:
        self.log.append(Entry(operation, template, request, reply, mood.kind if mood else "", time.time()))


def _routes_of(twin: Twin) -> list[Route]:
    found = []
    for name in dir(type(twin)):
        function = getattr(type(twin), name)
        marks: list[tuple[str, str, str]] = getattr(function, "routes", [])
        found += [Route(method, template, operation, function) for method, template, operation in marks]
    # A path with fewer unknown parts is the closer match.
    return sorted(found, key=lambda route: route.template.count("{"))


def serve(port: int, reply_to: Callable[[Request], Reply | None]) -> ThreadingHTTPServer:
    """A server on 127.0.0.1 (`port` 0: any free one), each connection in a thread of its own, until `end`."""
    handler = type("TwinHandler", (_Handler,), {"reply_to": staticmethod(reply_to)})
    server = _Server((LOOPBACK, port), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


def end(server: ThreadingHTTPServer) -> None:
    """Stop serving and give the port back."""
    server.shutdown()
    server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away while it is answered is no error of the twin; anything else is told."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with a length on every answer, so that clients keep their connections."""

    protocol_version = "HTTP/1.1"
    # Small answers go out at once instead of waiting to be joined with others.
    disable_nagle_algorithm = True
    reply_to: Callable[[Request], Reply | None]

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65_537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        reply = self.reply_to(self._request())
        if reply is None:
            self.close_connection = True
            return
        self._send(reply)

    def _request(self) -> Request:
        address = urllib.parse.urlsplit(self.path)
        body = self._body()
        query = dict(urllib.parse.parse_qsl(address.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, address.path, query, headers, body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0) or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, reply: Reply) -> None:
        payload = reply.payload
        self.send_response(reply.status)
        self.send_header("Content-Length", str(len(payload)))
        if payload:
            self.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """The twin keeps a log of its own."""
