"""Ports are on the loopback only, and one that is taken names its holder."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from infra import ports
from infra.errors import BadInput
from infra.ports import LOOPBACK, check_free, free_port, holder, listen


def test_a_listening_socket_answers_on_the_loopback() -> None:
    with listen(0) as server:
        host, port = server.getsockname()
        with socket.create_connection((LOOPBACK, port), timeout=5):
            assert host == LOOPBACK


def test_a_taken_port_names_who_holds_it() -> None:
    with listen(0) as server:
        port = server.getsockname()[1]
        with pytest.raises(BadInput, match=rf"is taken by .* \(pid {os.getpid()}\)") as caught:
            check_free(port)
        assert caught.value.field == f"port {port}"


def test_a_free_port_is_free_and_checking_does_not_keep_it() -> None:
    port = free_port()
    check_free(port)
    check_free(port)
    assert holder(port) == ""


def test_a_free_port_can_be_listened_on_and_is_none_that_an_outgoing_connection_may_take() -> None:
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in {free_port() for _ in range(20)}:
        assert port < first_outgoing
        listen(port).close()


def test_where_connections_may_take_every_port_one_of_those_has_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "range").write_text("1024\t65000\n")
    monkeypatch.setattr(ports, "_OUTGOING", tmp_path / "range")
    listen(free_port()).close()
