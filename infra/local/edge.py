"""The local platform's edge: one Caddy with a listening socket for each site, opened by us and inherited by it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from infra import processes
from infra.commands import Say, command
from infra.edge import caddy_admin, caddy_config
from infra.edge.route_file import RouteFile
from infra.edge.sites import Sites
from infra.environment import Environment
from infra.errors import BadInput, Rejected, Unreachable
from infra.files import locked, make_folder, write_atomically
from infra.local import Place, ServiceStatus
from infra.ports import check_free, listen

START_SECONDS = 20  # 0.1 to 0.2 s measured, more on a busy machine
STOP_SECONDS = 15  # Caddy itself gives requests in flight 10 s


class EdgeProxy:
    """Caddy as a service. Which version gets what is in the sites' route files, so a restart changes nothing there."""

    name = "edge"

    def __init__(self, environment: Environment) -> None:
        self._platform = environment.platform
        self._sticky = environment.traffic.sticky
        self._sites = Sites(environment)
        self._folder = self._sites.folder
        self._place = Place(environment.state, self.name)

    @property
    def ports(self) -> tuple[int, ...]:
        """One for each site, and the admin API's."""
        return (*self._platform.edge_ports, self._platform.edge_admin_port)

    def site(self, app: str) -> int:
        """The port at which `app` is served, given to it now if it has none. Raises BadInput when all are taken."""
        return self._sites.port(app)

    def is_up(self) -> bool:
        """Whether its process runs."""
        return self._place.daemon is not None

    def up(self, say: Say) -> None:
        """Run with the configuration of today. One that runs with another is given it, or is started anew."""
        with locked(make_folder(self._folder) / "service.lock"):
            for port in self._platform.edge_ports:
                RouteFile(self._folder, port).prepare()
            if not (self.is_up() and self._is_adopted(say)):
                self._stop(say)
                self._start(say)

    def down(self, say: Say) -> None:
        """Stop it: requests in flight may end first."""
        with locked(make_folder(self._folder) / "service.lock"):
            self._stop(say)
            self._place.record.unlink(missing_ok=True)

    def status(self) -> ServiceStatus:
        """Healthy when it serves every site; `detail` says who is where."""
        daemon, port = self._place.daemon, self._platform.edge_ports[0]
        if daemon is None:
            return ServiceStatus(self.name, "stopped", None, port, self._last_words().rpartition("\n")[2])
        running = self._running(timeout_seconds=2)
        if running is None or set(_descriptors(running)) != set(self._platform.edge_ports):
            return ServiceStatus(self.name, "unhealthy", daemon.pid, port, "does not serve every site: `pipeline up`")
        apps = ", ".join(f"{app} on {at}" for app, at in self._sites.book().items())
        return ServiceStatus(self.name, "healthy", daemon.pid, port, apps or "no app has a site yet")

    def _is_adopted(self, say: Say) -> bool:
        """Whether the running one does what it should now; False when only a new start can bring that about."""
        running = self._running(timeout_seconds=5)
        if running is None or set(_descriptors(running)) != set(self._platform.edge_ports):
            return False
        wanted = self._config(_descriptors(running))
        if wanted != running:
            say("edge: its settings changed; loading them")
            caddy_admin.load(self._platform.edge_admin_port, wanted)
        return True

    def _start(self, say: Say) -> None:
        check_free(self._platform.edge_admin_port)
        with _sockets(self._platform.edge_ports) as descriptors:
            file = self._folder / "caddy.json"
            write_atomically(file, json.dumps(self._config(descriptors), indent=1))
            what = command(
                Path(sys.executable).parent / "caddy",
                "run",
                "--config",
                file,
                folder=self._folder,
                variables={"XDG_CONFIG_HOME": str(self._folder), "XDG_DATA_HOME": str(self._folder)},
            )
            say(f"+ {what}")
            inherited = tuple(descriptors.values())
            place = self._place
            processes.start(self.name, what, record=place.record, log=place.log, pass_fds=inherited)
        self._wait(say)

    def _stop(self, say: Say) -> None:
        if self._place.daemon is None:
            return
        # One that answers nobody, not even us, has nothing to finish.
        grace = STOP_SECONDS if self._running(timeout_seconds=2) else 1
        if processes.stop(self._place.daemon, grace_seconds=grace):
            self._wait_for_ports()
            say("edge stopped")

    def _wait_for_ports(self) -> None:
        """A process with many threads looks dead a moment before the last of them lets go of the sockets."""
        deadline = time.monotonic() + 5
        while any(not _is_free(port) for port in self.ports) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _wait(self, say: Say) -> None:
        started = time.monotonic()
        while self._running(timeout_seconds=1) is None:
            waited = time.monotonic() - started
            if not self.is_up() or waited > START_SECONDS:
                words = self._last_words()
                self._stop(say)
                raise Rejected(f"Caddy is not up after {waited:.1f} s; its last words:\n{words}")
            time.sleep(0.02)
        say(f"edge answers on ports {', '.join(map(str, self._platform.edge_ports))}")

    def _last_words(self) -> str:
        """Caddy prints until it has read where to log, and logs from then on."""
        logged = processes.last_words(caddy_config.own_log(self._folder), 1)
        return "\n".join(filter(None, (processes.last_words(self._place.log, 5), logged)))

    def _config(self, descriptors: Mapping[int, int]) -> dict[str, Any]:
        return caddy_config.whole(self._folder, descriptors, self._platform.edge_admin_port, sticky=self._sticky)

    def _running(self, *, timeout_seconds: float) -> dict[str, Any] | None:
        """The configuration that it runs; None when it does not answer in time, or somebody else's Caddy does."""
        try:
            found = caddy_admin.read(self._platform.edge_admin_port, timeout_seconds=timeout_seconds)
        except Unreachable:
            return None
        is_ours = isinstance(found, dict) and str(self._folder) in json.dumps(found.get("logging"))
        return found if is_ours else None


def _is_free(port: int) -> bool:
    try:
        check_free(port)
    except BadInput:
        return False
    return True


@contextmanager
def _sockets(ports: tuple[int, ...]) -> Iterator[dict[int, int]]:
    """Each port with the number of a listening socket; ours are closed at the end, the child's stay."""
    with ExitStack() as stack:
        yield {port: stack.enter_context(listen(port)).fileno() for port in ports}


def _descriptors(config: Mapping[str, Any]) -> dict[int, int]:
    """Each site's port with the number of its socket, out of a running configuration."""
    servers = config["apps"]["http"]["servers"]
    return {
        int(name.removeprefix("site-")): int(site["listen"][0].removeprefix("fd/")) for name, site in servers.items()
    }
