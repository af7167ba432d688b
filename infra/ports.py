"""Loopback ports: which are free, and who sits on one that is not."""

from __future__ import annotations

import errno
import socket
import time

import psutil

from infra.errors import BadInput

LOOPBACK = "127.0.0.1"
ORPHAN_SECONDS = 5.0


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
    """A port that was free a moment ago; the caller handles losing the race."""
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
