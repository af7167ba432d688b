"""Ports are on the loopback only, and one that is taken names its holder."""

from __future__ import annotations

import os
import socket

import pytest

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
