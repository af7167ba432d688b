"""The proxy passes everything on, and in a mood does to each request what the mood says."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator

import httpx
import pytest

from deployments.chaos import moods
from deployments.chaos.moods import MoodyProxy
from infra.ports import free_port


class Store(http.server.BaseHTTPRequestHandler):
    """Counts what reached it."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(f"put {len(body)}")
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def proxy(asked: list[str]) -> Iterator[tuple[MoodyProxy, str]]:
    handler = type("Handler", (Store,), {"asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = free_port()
        with MoodyProxy(port, server.server_port) as made:
            yield made, f"http://127.0.0.1:{port}"
        server.shutdown()


def put(url: str, timeout: float = 5.0) -> httpx.Response:
    return httpx.put(f"{url}/key", content=b"x" * 100_000, timeout=timeout)


def test_without_a_mood_everything_passes(proxy: tuple[MoodyProxy, str], asked: list[str]) -> None:
    assert [put(proxy[1]).text for _ in range(3)] == ["ok"] * 3
    assert asked == ["put 100000"] * 3


@pytest.mark.parametrize(("mood", "status"), [("429", 429), ("5xx", 503)])
def test_a_refusal_reaches_nobody_behind(
    proxy: tuple[MoodyProxy, str], asked: list[str], mood: moods.Mood, status: int
) -> None:
    proxy[0].fall_into(mood, 30)
    # Without a body: one that is not read would be answered by a reset.
    assert httpx.get(f"{proxy[1]}/key").status_code == status
    assert asked == []
    assert proxy[0].touched == 1


def test_a_lost_answer_was_acted_on(proxy: tuple[MoodyProxy, str], asked: list[str]) -> None:
    proxy[0].fall_into("loses the answer", 30)
    with pytest.raises(httpx.TransportError):
        put(proxy[1])
    assert asked == ["put 100000"]


def test_a_malformed_answer_is_no_answer(proxy: tuple[MoodyProxy, str]) -> None:
    proxy[0].fall_into("malformed", 30)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{proxy[1]}/key")


def test_silence_lasts_and_slowness_ends_well(
    proxy: tuple[MoodyProxy, str], asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moods, "SLOW_SECONDS", 0.3)
    proxy[0].fall_into("silent", 30)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{proxy[1]}/key", timeout=0.3)
    proxy[0].fall_into("slow", 30)
    answer = put(proxy[1])
    assert (answer.text, answer.elapsed.total_seconds() > 0.3) == ("ok", True)


def test_a_mood_ends_by_itself_and_when_it_is_told_to(proxy: tuple[MoodyProxy, str]) -> None:
    proxy[0].fall_into("5xx", 0.0)
    assert put(proxy[1]).text == "ok"
    proxy[0].fall_into("5xx", 30)
    proxy[0].recover()
    assert put(proxy[1]).text == "ok"


def test_it_begins_for_clients_that_are_connected_already(proxy: tuple[MoodyProxy, str]) -> None:
    with httpx.Client(base_url=proxy[1]) as client:
        assert client.put("/key", content=b"1").text == "ok"
        proxy[0].fall_into("5xx", 30)
        with contextlib.suppress(httpx.TransportError):  # where it was faster than the end of its connection
            assert client.get("/key").status_code == 503
        assert client.get("/key").status_code == 503
