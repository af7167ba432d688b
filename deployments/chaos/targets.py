"""What can be killed, found in the process table at that moment, and killed with SIGKILL by its number."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deployments.chaos.app import APP
from infra import processes
from infra.edge.route_file import RouteFile
from infra.environment import Environment
from infra.hosting.local import Copy
from infra.local import Place

SERVICES = {
    "worker": "prefect-worker",
    "prefect server": "prefect-server",
    "edge": "edge",
    "postgres primary": "postgres-primary",
    "object store": "object-store",
}
_FLOW_RUN = b"PREFECT__FLOW_RUN_ID="


@dataclass(frozen=True)
class Blow:
    """What was killed, and when (seconds since the epoch). `pids` is empty when there was nothing to kill."""

    target: str
    pids: tuple[int, ...]
    time: float


class Targets:
    """Those of one environment, for one release."""

    def __init__(self, environment: Environment, release: str, flow_run: str) -> None:
        self._environment = environment
        self._release = release
        self._flow_run = flow_run
        self._route = RouteFile(environment.state / "edge", environment.platform.edge_ports[0])

    def kill(self, target: str) -> Blow:
        """SIGKILL for whatever it is now."""
        pids = tuple(self.pids(target))
        moment = time.time()
        for pid in pids:
            # One that ended by itself in this very moment is as dead as the others.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return Blow(target, pids, moment)

    def pids(self, target: str) -> list[int]:
        """The processes that it is now. The candidate is what stands beside the live version until it runs itself."""
        if target == "flow run":
            return [pid for pid, run in flow_runs() if run == self._flow_run]
        service = SERVICES.get(target)
        daemon = Place(self._environment.state, service).daemon if service else self._app(target)
        return [daemon.pid] if daemon else []

    def _app(self, target: str) -> processes.Daemon | None:
        route = self._route.read()
        if target == "live app":
            return self._process(route.live_target.deployment) if route.live_target else None
        beside = route.at(route.beside)
        return self._process(self._release) or (self._process(beside.deployment) if beside else None)

    def _process(self, deployment: str) -> processes.Daemon | None:
        folder = self._environment.state / "apps" / APP / "deployments" / deployment
        daemon = processes.read(Copy(folder).record)
        return daemon if processes.is_alive(daemon) else None


def flow_runs() -> Iterator[tuple[int, str]]:
    """Every process that executes a flow run, with the run's id."""
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            words = Path(entry.path, "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # it has gone, or is somebody else's
        found = next((word for word in words if word.startswith(_FLOW_RUN)), None)
        if found:
            yield int(entry.name), found.removeprefix(_FLOW_RUN).decode()
