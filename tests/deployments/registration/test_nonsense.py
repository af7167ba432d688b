"""Servers that answer, and not as Prefect does: each is named, and nothing is sent to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from deployments.registration.block_types import block_type_steps
from deployments.registration.deploy import steps_for
from deployments.registration.registry import Registry
from deployments.registration.webhook import webhook_steps
from infra.environment import Alerts, Environment
from infra.errors import BadInput, PipelineError, Rejected, Unknown, Unreachable


@contextmanager
def answering(code: int, body: bytes) -> Iterator[Environment]:
    class Odd(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(404 if "csrf-token" in self.path else code)  # as a server without that
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Odd)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/api"
        yield Environment(name="acceptance", kind="staging", prefect_api=url)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (200, b"<html>welcome</html>", Unknown),
        (200, b"[]", Unknown),
        (200, b"null", Unknown),
        (200, json.dumps({"id": "x"}).encode(), Unknown),
        (401, b"who are you", Rejected),
        (500, b"database is locked", Unreachable),
        (400, b"no", Rejected),
    ],
)
def test_it_is_named_for_what_it_is(code: int, body: bytes, kind: type[PipelineError]) -> None:
    with answering(code, body) as environment, pytest.raises(kind, match=r"127\.0\.0\.1"):
        steps_for(environment)


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (200, b"<html>welcome</html>", Unknown),
        (200, b"{}", Unknown),
        (401, b"who are you", Rejected),
        (404, b"no", BadInput),
        (409, b"twice", Rejected),
        (422, b"https://hooks.example/T0P-S3CRET is no address", Rejected),
        (500, b"database is locked", Unreachable),
    ],
)
def test_what_prefects_own_classes_meet_is_named_too_and_shows_no_address(
    code: int, body: bytes, kind: type[PipelineError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODD_HOOK", "https://hooks.example/T0P-S3CRET")
    hooked = {"alerts": Alerts(webhook="env:ODD_HOOK")}
    with answering(404, b"") as empty:  # a server without anything, which has each block still to be made
        registry = Registry(empty.prefect_url)
        steps = [*webhook_steps(registry, empty.model_copy(update=hooked)), block_type_steps(registry)[0]]
    with answering(code, body) as odd:
        registry.url = odd.prefect_url
        for step in steps:
            with pytest.raises(kind, match=r"127\.0\.0\.1") as named:
                step.do()
            assert "S3CRET" not in str(named.value)


def test_a_list_that_has_no_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.registration.registry.PAGES", 3)
    page = json.dumps([{"id": str(number)} for number in range(200)]).encode()
    with answering(200, page) as environment, pytest.raises(Unknown, match="has no end"):
        Registry(environment.prefect_url).all_of("flows")


def test_a_server_that_is_not_there_is_silence() -> None:
    nobody = Environment(name="acceptance", kind="staging", prefect_api="http://127.0.0.1:9/api")
    with pytest.raises(Unreachable):
        steps_for(nobody)
