"""A Supabase project's own address: realtime over a websocket, and plain answers of REST and Edge Functions."""

from __future__ import annotations

import http
import json
import threading
import time
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from deployments.twins.server import LOOPBACK

KEY = "sb_publishable_0123456789abcdefghij"  # it opens nothing but the twin
Mood = Literal["well", "deaf", "closing", "refusing", "malformed", "slow"]


class SupabaseProjectTwin:
    """At `url` from the start until `close`.

    Moods of realtime: deaf (no message comes back), closing (ends the connection after the subscription), refusing
    (no subscription), malformed (no JSON), slow (each message takes `slow_seconds`). `functions` are names with the
    status that each answers; others are not deployed.
    """

    def __init__(self, port: int = 0, key: str = KEY) -> None:
        self.key = key
        self.mood: Mood = "well"
        self.slow_seconds = 0.3
        self.functions: dict[str, int] = {}
        self.rest_status = 200
        self.log: list[tuple[str, dict[str, str]]] = []
        self.messages: list[dict[str, Any]] = []
        self._server: Server = serve(self._talk, LOOPBACK, port, process_request=self._answer)
        self.port = int(self._server.socket.getsockname()[1])
        self.url = f"http://{LOOPBACK}:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> SupabaseProjectTwin:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Plain answers; None lets the websocket open."""
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        self.log.append((request.path, headers))
        path = urlsplit(request.path).path
        if not self._is_known(headers):
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, '{"message":"Invalid API key"}')
        if path == "/realtime/v1/websocket":
            return None
        if path == "/rest/v1/":
            return connection.respond(http.HTTPStatus(self.rest_status), "{}")
        status = self.functions.get(path.removeprefix("/functions/v1/"), 404)
        return connection.respond(http.HTTPStatus(status), "{}")

    def _is_known(self, headers: Mapping[str, str]) -> bool:
        return self.key in (headers.get("apikey"), headers.get("x-api-key"))

    def _talk(self, connection: ServerConnection) -> None:
        try:
            for raw in connection:
                message = json.loads(raw)
                self.messages.append(message)
                if not self._react(connection, message):
                    return
        except ConnectionClosed:
            return

    def _react(self, connection: ServerConnection, message: dict[str, Any]) -> bool:
        """Whether the connection goes on."""
        if self.mood == "malformed":
            connection.send("<html>Bad Gateway</html>")
        elif message["event"] == "phx_join":
            return self._join(connection, message)
        elif message["event"] == "broadcast" and self.mood != "deaf":
            time.sleep(self.slow_seconds if self.mood == "slow" else 0)
            connection.send(json.dumps({**message, "ref": None}))
        return True

    def _join(self, connection: ServerConnection, message: dict[str, Any]) -> bool:
        is_refused = self.mood == "refusing"
        payload: dict[str, Any] = {"status": "ok", "response": {"postgres_changes": []}}
        if is_refused:
            payload = {"status": "error", "response": {"reason": "Unauthorized: You do not have permissions"}}
        connection.send(json.dumps({**message, "event": "phx_reply", "payload": payload}))
        # What a real channel says too, and a client must pass over.
        connection.send(json.dumps({**message, "event": "presence_state", "payload": {}, "ref": None}))
        return self.mood != "closing"
