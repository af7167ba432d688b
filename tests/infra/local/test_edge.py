from __future__ import annotations

import http.client
import http.server
import itertools
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra.edge import Route, Target
from infra.edge.caddy import CaddyEdge
from infra.environment import Environment, LocalPlatform, Traffic
from infra.errors import BadInput, Rejected
from infra.local.edge import EdgeProxy
from infra.ports import check_free, listen


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"v1")

    def log_message(self, format: str, *args: object) -> None:
        """The test's output is not the place for it."""


@pytest.fixture
def target() -> Iterator[Target]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Target("d1", f"127.0.0.1:{server.server_port}", "v1")
        server.shutdown()


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    monkeypatch.delenv("PIPELINE_STATE", raising=False)
    first, second, admin = _free_ports(3)
    platform = LocalPlatform(edge_ports=(first, second), edge_admin_port=admin)
    found = Environment(name="local", kind="local", state_folder=str(tmp_path), platform=platform)
    yield found
    EdgeProxy(found).down(print)


def _free_ports(count: int) -> list[int]:
    """Below the range out of which connections get theirs, so that nobody takes one before we listen."""
    in_turn = (port for port in range(26_299, 26_199, -1) if not _is_taken(port))
    return list(itertools.islice(in_turn, count))


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _get(port: int) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _with(environment: Environment, **changes: object) -> Environment:
    return environment.model_copy(update=changes)


def test_a_site_without_an_app_answers_503(environment: Environment) -> None:
    EdgeProxy(environment).up(print)
    for port in environment.platform.edge_ports:
        assert _get(port) == (503, "No version of this app is live here yet.\n")


def test_up_twice_is_one_process(environment: Environment) -> None:
    proxy = EdgeProxy(environment)
    proxy.up(print)
    pid = proxy.status().pid
    proxy.up(print)
    assert proxy.status().pid == pid is not None


def test_down_frees_its_ports_and_may_be_repeated(environment: Environment) -> None:
    proxy = EdgeProxy(environment)
    proxy.up(print)
    proxy.down(print)
    proxy.down(print)
    assert not proxy.is_up()
    assert proxy.status().state == "stopped"
    for port in proxy.ports:
        check_free(port)


def test_after_a_kill_it_comes_back_with_the_same_route_and_weight(environment: Environment, target: Target) -> None:
    proxy = EdgeProxy(environment)
    proxy.up(print)
    port = proxy.site("shop")
    edge = CaddyEdge(environment, "shop")
    edge.attach("blue", target)
    edge.make_live("blue")
    edge.attach("green", target)
    edge.weigh(37)
    pid = proxy.status().pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)], timeout=5)
    assert proxy.status().state == "stopped"
    with pytest.raises(OSError, match="refused"):
        _get(port)
    proxy.up(print)
    assert edge.route() == Route("blue", 37, target, target)
    assert _get(port) == (200, "v1")


@pytest.mark.slow
def test_a_process_that_hangs_is_started_anew(environment: Environment) -> None:
    proxy = EdgeProxy(environment)
    proxy.up(print)
    pid = proxy.status().pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    proxy.up(print)
    assert proxy.status().state == "healthy"
    assert proxy.status().pid != pid


def test_changed_settings_are_loaded_into_the_running_process(environment: Environment, target: Target) -> None:
    EdgeProxy(environment).up(print)
    pid = EdgeProxy(environment).status().pid
    edge = CaddyEdge(environment, "shop")
    edge.attach("blue", target)
    edge.make_live("blue")
    changed = _with(environment, traffic=Traffic(sticky=False))
    EdgeProxy(changed).up(print)
    assert EdgeProxy(changed).status().pid == pid
    connection = http.client.HTTPConnection("127.0.0.1", EdgeProxy(changed).site("shop"), timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().headers["Set-Cookie"] is None
    connection.close()


def test_another_site_wants_a_new_start(environment: Environment) -> None:
    EdgeProxy(environment).up(print)
    ports = (*environment.platform.edge_ports, *_free_ports(1))
    changed = _with(environment, platform=environment.platform.model_copy(update={"edge_ports": ports}))
    assert EdgeProxy(changed).status().state == "unhealthy"
    EdgeProxy(changed).up(print)
    assert EdgeProxy(changed).status().state == "healthy"
    assert _get(ports[2])[0] == 503


def test_a_port_that_is_taken_is_named(environment: Environment) -> None:
    port = environment.platform.edge_ports[1]
    with listen(port), pytest.raises(BadInput, match=f"port {port}: is taken"):
        EdgeProxy(environment).up(print)
    assert not EdgeProxy(environment).is_up()


def test_when_caddy_does_not_come_up_its_last_words_are_told(environment: Environment) -> None:
    port = environment.platform.edge_ports[0]
    (environment.state / "edge" / f"access-{port}.log").mkdir(parents=True)
    with pytest.raises(Rejected, match="is a directory"):
        EdgeProxy(environment).up(print)
    assert not EdgeProxy(environment).is_up()


def test_the_caddy_of_somebody_else_is_left_alone(environment: Environment, tmp_path: Path) -> None:
    EdgeProxy(environment).up(print)
    ports = LocalPlatform(edge_ports=tuple(_free_ports(1)), edge_admin_port=environment.platform.edge_admin_port)
    mine = _with(environment, name="mine", platform=ports)
    with pytest.raises(BadInput, match="is taken by caddy"):
        EdgeProxy(mine).up(print)
    assert EdgeProxy(environment).status().state == "healthy"


def test_the_status_says_who_is_where(environment: Environment) -> None:
    proxy = EdgeProxy(environment)
    proxy.up(print)
    assert proxy.status().detail == "no app has a site yet"
    port = proxy.site("shop")
    assert proxy.status().detail == f"shop on {port}"


def test_only_loopback_is_listened_on(environment: Environment) -> None:
    proxy = EdgeProxy(environment)
    proxy.up(print)
    pid = proxy.status().pid
    found = {c.laddr for c in psutil.Process(pid).net_connections() if c.status == psutil.CONN_LISTEN}
    assert {address.ip for address in found} == {"127.0.0.1"}
    assert {address.port for address in found} == set(proxy.ports)
