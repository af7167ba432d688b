"""The load against a small real server with moods: what it counts, what it promises, and how it ends."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from deployments.demo.ledger import LedgerWriter, read_ledger
from deployments.demo.load import Load
from deployments.demo.tally import Report, read_report
from deployments.demo.traffic import Plan, Traffic
from deployments.demo.visitors import Crowd, Visitor
from infra.errors import BadInput, PipelineError


class Moody(BaseHTTPRequestHandler):
    """Answers well, until `mood` says otherwise."""

    protocol_version = "HTTP/1.1"
    mood = "well"
    seen: list[tuple[str, str]]
    cookies: list[str | None]

    def do_GET(self) -> None:
        self._answer(200, b"page")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        changed = {"shift_id": 0} if self.mood == "wrong answer" else {}
        self._answer(201, json.dumps(body | changed).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.seen.append((self.command, self.path))
        self.cookies.append(self.headers["Cookie"])
        if self.mood == "reset":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if self.mood == "silent":
            time.sleep(1)
        status = 500 if self.mood == "failing" else status
        self.send_response(status)
        self.send_header("X-App-Version", "v7")
        self.send_header("Content-Length", str(len(body)))
        if not self.headers["Cookie"]:
            self.send_header("Set-Cookie", f"slot=visitor{len(self.seen)}; Path=/; HttpOnly")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep the test output clean."""


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that give up on a silent server are part of the plan."""


@pytest.fixture
def server() -> Iterator[tuple[str, type[Moody]]]:
    handler = type("Handler", (Moody,), {"seen": [], "cookies": []})
    with QuietServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", handler
        running.shutdown()
        thread.join()


def load_on(url: str, folder: Path, **settings: Any) -> Load:
    return Load(url, folder / "ledger.jsonl", folder / "report.json", **{"rate": 100, "seed": 7} | settings)


def run_to_the_end(load: Load) -> Report:
    load.start()
    while load.is_running:
        time.sleep(0.02)
    return load.stop()


def test_it_sends_so_many_a_second_and_stops_by_itself(server: tuple[str, type[Moody]], tmp_path: Path) -> None:
    url, handler = server
    report = run_to_the_end(load_on(url, tmp_path, rate=300, max_requests=150))
    assert (report.requests, report.failed, len(handler.seen)) == (150, 0, 150)
    # An open loop is never early; how late it may be is the machine's business.
    assert report.seconds >= 149 / 300
    assert sum(second.requests for second in report.timeline) == 150
    assert report.by_version["v7"].requests == 150
    assert report.total.p50_ms <= report.total.p95_ms <= report.total.p99_ms
    assert report == read_report(tmp_path / "report.json")


def test_a_time_limit_ends_it_too(server: tuple[str, type[Moody]], tmp_path: Path) -> None:
    report = run_to_the_end(load_on(server[0], tmp_path, rate=50, seconds=0.5))
    assert 1 <= report.requests <= 26


def test_every_acknowledged_write_and_nothing_else_is_in_the_ledger(
    server: tuple[str, type[Moody]], tmp_path: Path
) -> None:
    url, handler = server
    report = run_to_the_end(load_on(url, tmp_path, rate=300, max_requests=150))
    entries = list(read_ledger(tmp_path / "ledger.jsonl"))
    posts = [path for method, path in handler.seen if method == "POST"]
    assert len(entries) == report.acknowledged == len(posts) > 0
    assert {entry.kind for entry in entries} == {"checkin", "payment"}
    assert all(entry.version == "v7" and report.started <= entry.time for entry in entries)
    pages = {path for method, path in handler.seen if method == "GET"}
    assert {"/", "/dashboard", "/gps-checkin", "/api/shifts"} <= pages


@pytest.mark.parametrize(
    ("mood", "kind", "version", "cause"),
    [
        ("failing", "status", "v7", "HTTP 500: page"),
        ("reset", "connection", "none", "closed before an answer"),
    ],
)
def test_a_failure_carries_its_kind_cause_and_version_and_promises_nothing(
    server: tuple[str, type[Moody]], tmp_path: Path, mood: str, kind: str, version: str, cause: str
) -> None:
    url, handler = server
    handler.mood = mood
    report = run_to_the_end(load_on(url, tmp_path, max_requests=40))
    assert (report.failed, report.failed_by_kind, report.acknowledged) == (40, {kind: 40}, 0)
    assert report.by_version[version].failed == 40
    failure = next(failure for failure in report.failures if failure.request.startswith("GET"))
    assert (failure.kind, failure.version) == (kind, version)
    assert cause in failure.cause
    assert list(read_ledger(tmp_path / "ledger.jsonl")) == []


def test_an_acknowledgement_of_something_else_is_a_failure(server: tuple[str, type[Moody]], tmp_path: Path) -> None:
    url, handler = server
    handler.mood = "wrong answer"
    report = run_to_the_end(load_on(url, tmp_path, max_requests=60))
    posts = [path for method, path in handler.seen if method == "POST"]
    assert report.failed_by_kind == {"answer": len(posts)}
    assert report.acknowledged == 0


def test_nobody_at_the_address_is_a_connection_failure(tmp_path: Path) -> None:
    report = run_to_the_end(load_on("http://127.0.0.1:1", tmp_path, max_requests=20))
    assert report.failed_by_kind == {"connection": 20}
    assert "at connect" in report.failures[0].cause


def test_silence_is_a_timeout_and_a_stop_waits_for_it(server: tuple[str, type[Moody]], tmp_path: Path) -> None:
    url, handler = server
    handler.mood = "silent"
    plan = Plan(url, rate=100, seconds=5, max_requests=500, visitors=5, seed=7, timeout_seconds=0.5)
    traffic = Traffic(plan, LedgerWriter(tmp_path / "ledger.jsonl"))

    async def send_until_asked_to_stop() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.2, stop.set)
        await traffic.run(stop)

    asyncio.run(send_until_asked_to_stop())
    report = traffic.tally.report()
    assert report.failed_by_kind == {"timeout": report.requests}
    assert 1 <= report.requests <= 25
    assert report.failures[0].cause == "no answer within 0.5 s"


def test_stopping_flushes_everything_and_exits_well(server: tuple[str, type[Moody]], tmp_path: Path) -> None:
    url, handler = server
    with load_on(url, tmp_path) as load:
        while load.totals().acknowledged < 5:
            time.sleep(0.05)
        assert not load.totals().is_final
        report = load.stop()
    posts = sum(method == "POST" for method, _ in handler.seen)
    assert report.acknowledged == posts == len(list(read_ledger(tmp_path / "ledger.jsonl")))
    assert load.stop() == report


def test_the_ledger_reaches_the_file_while_the_load_runs(server: tuple[str, type[Moody]], tmp_path: Path) -> None:
    with load_on(server[0], tmp_path) as load:
        assert load._process is not None
        while load.totals().acknowledged < 5:
            time.sleep(0.05)
        os.kill(load._process.pid, signal.SIGKILL)
        load._process.wait()
        assert len(list(read_ledger(tmp_path / "ledger.jsonl"))) >= 5
        with pytest.raises(PipelineError, match="ended with code -9"):
            load.stop()


def test_a_visitor_keeps_its_cookies_and_there_are_many_visitors(
    server: tuple[str, type[Moody]], tmp_path: Path
) -> None:
    url, handler = server
    run_to_the_end(load_on(url, tmp_path, rate=400, max_requests=200, visitors=10))
    sent = [cookie for cookie in handler.cookies if cookie]
    assert 5 <= len(set(sent)) <= 40
    assert len(sent) > 100
    assert all(cookie.startswith("slot=visitor") for cookie in sent)


def test_an_expired_cookie_is_forgotten() -> None:
    visitor = Visitor()
    visitor.remember(["slot=green; Path=/", "a=b"])
    assert visitor.headers() == {"Cookie": "slot=green; a=b"}
    visitor.remember(["slot=; Max-Age=0", "a=; max-age=0"])
    assert visitor.headers() == {}


def test_the_same_seed_makes_the_same_requests() -> None:
    one, other, another = Crowd(5, seed=1), Crowd(5, seed=1), Crowd(5, seed=2)
    asked = [one.next()[1] for _ in range(200)]
    assert asked == [other.next()[1] for _ in range(200)]
    assert asked != [another.next()[1] for _ in range(200)]


def test_it_ends_when_the_one_who_started_it_dies(server: tuple[str, type[Moody]], tmp_path: Path) -> None:
    script = f"""
import os, pathlib
from deployments.demo.load import Load
folder = pathlib.Path({str(tmp_path)!r})
print(Load({server[0]!r}, folder / "l", folder / "r.json", rate=20).start()._process.pid, flush=True)
os._exit(1)
"""
    pid = int(subprocess.run((sys.executable, "-c", script), capture_output=True, text=True, timeout=60).stdout)
    deadline = time.monotonic() + 20
    while not read_report(tmp_path / "r.json").is_final and time.monotonic() < deadline:
        time.sleep(0.05)
    assert read_report(tmp_path / "r.json").is_final
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"rate": 0}, "--rate: is 0\n  hint: give a number above 0 and up to 2000"),
        ({"rate": 5000}, "--rate: is 5000"),
        ({"seconds": -1}, "--seconds: is -1"),
        ({"max_requests": 0}, "--max-requests: is 0"),
        ({"url": "https://example.org"}, "url: 'https://example.org' is not an http:// address"),
    ],
)
def test_bad_settings_are_refused_with_the_fix(tmp_path: Path, settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(PipelineError) as caught:
        load_on(settings.pop("url", "http://127.0.0.1:1"), tmp_path, **settings).start()
    assert problem in str(caught.value)


def test_a_load_that_was_never_started_cannot_be_stopped(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="was never started"):
        load_on("http://127.0.0.1:1", tmp_path).stop()


def test_a_file_that_is_not_a_report_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("{}")
    with pytest.raises(BadInput, match="is not a load report"):
        read_report(tmp_path / "r.json")
