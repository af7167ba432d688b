"""Loopback ports: which are free, and who sits on one that is not."""

from __future__ import annotations

import errno
import random
import socket
import time
from pathlib import Path

import psutil

from infra.errors import BadInput

LOOPBACK = "127.0.0.1"
ORPHAN_SECONDS = 5.0
SERVER_PORTS = (20_000, 26_000)
_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


def listen(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1:`port`. Raises BadInput, naming the process that holds it."""
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind((LOOPBACK, port))
        server.listen(1024)
    except OSError as error:
        server.close()
        raise BadInput(
            f"port {port}",
            f"is taken{holder(port)}" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}",
            "stop the process that holds it, or choose another port in the environment file",
        ) from error
    return server


def check_free(port: int) -> None:
    """Raises BadInput when somebody listens on 127.0.0.1:`port`.

    A port that nobody can be named for is asked again for a while: a process with many threads that was just
    killed is dead to everyone before its sockets are free.
    """
    deadline = time.monotonic() + ORPHAN_SECONDS
    while True:
        try:
            listen(port).close()
            return
        except BadInput:
            if holder(port) or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def free_port() -> int:
    """A port that was free a moment ago; the caller handles losing the race.

    It is none of those that the system gives to outgoing connections: a server that was killed must find its port
    free again, and a connection to anywhere could have taken it meanwhile.
    """
    for port in random.sample(range(*SERVER_PORTS), k=200):
        if port < _first_outgoing() and _is_free(port):
            return port
    return _any_port()


def _first_outgoing() -> int:
    """The lowest port that the system gives to outgoing connections (ip(7)); where it does not say, what is usual."""
    try:
        return int(_OUTGOING.read_text().split()[0])
    except OSError:
        return 32_768


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _any_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def holder(port: int) -> str:
    """` by NAME (pid N)` for the listener on `port`, or an empty text where the system does not tell."""
    try:
        found = [c for c in psutil.net_connections("tcp") if c.laddr and c.laddr.port == port and c.status == "LISTEN"]
        if found and found[0].pid:
            return f" by {psutil.Process(found[0].pid).name()} (pid {found[0].pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return ""
    return ""
