"""A loopback server that speaks just enough of Prefect's API to start a run and end it, and has moods."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

RUN = "11111111-2222-3333-4444-555555555555"
DROP = b"drop"
Mood = Callable[[str, int], tuple[int, bytes] | None]


class Moody:
    """`mood(what, how often it was asked before)` may answer in its place; DROP acts, and loses the answer."""

    def __init__(self, mood: Mood) -> None:
        self.mood = mood
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.runs: dict[str, str] = {}
        self.looks_until_over = 2
        self.is_cancelled = False
        self.lines = [line("Finished in state X")]

    def answer(self, what: str, body: Any) -> Any:
        """As Prefect does."""
        if what == "create_flow_run":
            return self._row(self.runs.setdefault(body["idempotency_key"], RUN), "SCHEDULED", "Scheduled")
        if what == "flow_run":
            over = self.asked.count("flow_run") > self.looks_until_over
            if self.is_cancelled:
                return self._row(RUN, "CANCELLED", "Cancelled")
            return self._row(RUN, *(("COMPLETED", "Promoted") if over else ("RUNNING", "Running")))
        if what == "set_state":
            self.is_cancelled = True
            return {"status": "ACCEPT"}
        if what == "flow_runs":
            return [self._row(RUN, "RUNNING", "Running")] if self.runs else []
        if what == "logs":
            return self.lines[body["offset"] :][: body["limit"]]
        return {"id": "d"} if what == "name" else []

    def _row(self, run: str, kind: str, name: str) -> dict[str, Any]:
        return {"id": run, "name": "tiny", "state_type": kind, "state_name": name, "state": {"message": "it says"}}


def line(text: str, level: int = 20, second: int = 0) -> dict[str, Any]:
    """A line of the flow's log."""
    when = f"2026-01-01T00:{second // 60:02}:{second % 60:02}Z"
    return {"timestamp": when, "level": level, "message": text, "task_run_id": None}


@contextmanager
def moody(mood: Mood) -> Iterator[tuple[Moody, str]]:
    """The server, and the URL of its API."""
    state = Moody(mood)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._speak(None)

        def do_POST(self) -> None:
            self._speak(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _speak(self, body: Any) -> None:
            what = _what(self.path)
            before = state.asked.count(what)
            state.asked.append(what)
            state.headers.append(dict(self.headers))
            said = state.mood(what, before)
            if said is None or said[1] == DROP:
                content = json.dumps(state.answer(what, body)).encode()
            if said is not None and said[1] == DROP:
                self.close_connection = True
                return
            code, content = (200, content) if said is None else said
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield state, f"http://127.0.0.1:{server.server_address[1]}/api"
        finally:
            server.shutdown()
            thread.join()


def _what(path: str) -> str:
    parts = path.removeprefix("/api/").split("/")
    if parts[-1] in ("create_flow_run", "set_state"):
        return parts[-1]
    if parts[0] == "flow_runs":
        return "flow_runs" if parts[1] == "filter" else "flow_run"
    return "name" if parts[0] == "deployments" else parts[0]
