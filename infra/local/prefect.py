"""The orchestrator of the local platform: Prefect's server with its UI, and a process worker, as services."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import httpx

from infra import processes
from infra.commands import Command, Say, command, run
from infra.edge.caddy_admin import NO_TLS
from infra.environment import PROJECT_FOLDER, Environment
from infra.errors import Rejected
from infra.files import write_atomically
from infra.local import Place, ServiceStatus
from infra.local.credentials import encryption_key
from infra.local.postgres import ControlPostgres
from infra.ports import LOOPBACK

START_SECONDS = 120  # a first start makes the whole schema; 9 to 23 s measured, more on a busy machine


def prefect_variables(environment: Environment) -> dict[str, str]:
    """What any process needs to talk to this environment's orchestrator, and to find this environment again."""
    port = environment.platform.prefect_port
    kept = {name: os.environ[name] for name in ("PIPELINE_STATE", "PIPELINE_ENVIRONMENTS") if name in os.environ}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PREFECT_HOME": str(environment.state / "prefect"),
        "PREFECT_API_URL": f"http://{LOOPBACK}:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # A server or database that is away for a minute must not end a release: 2, 4, 8 ... s of patience.
        "PREFECT_CLIENT_MAX_RETRIES": "12",
        "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PIPELINE_PROJECT": str(PROJECT_FOLDER),
    }


class PrefectServer:
    """API, UI and background services in one process, on the control database."""

    name = "prefect-server"

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._port = environment.platform.prefect_port
        self._place = Place(environment.state, self.name)

    @property
    def ports(self) -> tuple[int, ...]:
        """One, for API and UI."""
        return (self._port,)

    def is_up(self) -> bool:
        """Whether its process runs."""
        return self._place.daemon is not None

    def up(self, say: Say) -> None:
        """Start it where it does not run, and wait for its API."""
        if self._place.daemon is None:
            what = command(_binary(), "server", "start", "--host", LOOPBACK, "--port", str(self._port))
            what = Command(what.arguments, folder=self._environment.state, variables=self._variables())
            say(f"+ {what}")
            processes.start(self.name, what, record=self._place.record, log=self._place.log)
        self._wait(say)

    def down(self, say: Say) -> None:
        """Stop it; its database stays."""
        if processes.stop(self._place.daemon, grace_seconds=10):
            say(f"{self.name} stopped")
        self._place.record.unlink(missing_ok=True)

    def status(self) -> ServiceStatus:
        """Healthy when its API answers."""
        daemon = self._place.daemon
        if daemon is None:
            return ServiceStatus(self.name, "stopped", None, self._port, processes.last_words(self._place.log, 1))
        detail = f"UI at http://{LOOPBACK}:{self._port}"
        return ServiceStatus(self.name, "healthy" if self._answers() else "unhealthy", daemon.pid, self._port, detail)

    def _variables(self) -> dict[str, str]:
        return prefect_variables(self._environment) | {
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": ControlPostgres(self._environment).async_url(),
            "PREFECT_SERVER_UI_API_URL": f"http://{LOOPBACK}:{self._port}/api",
            # Leases kept in memory leak a slot on every restart of the server.
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
            "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT1S",
            # Without it Prefect keeps the key of its blocks beside them, in the same database.
            "PREFECT_SERVER_ENCRYPTION_KEY": encryption_key(self._environment.state),
        }

    def _answers(self) -> bool:
        try:
            url = f"http://{LOOPBACK}:{self._port}/api/health"
            return httpx.get(url, timeout=5, trust_env=False, verify=NO_TLS).status_code == 200
        except httpx.TransportError:
            return False

    def _wait(self, say: Say) -> None:
        started = time.monotonic()
        while not self._answers():
            waited = time.monotonic() - started
            if self._place.daemon is None or waited > START_SECONDS:
                words = processes.last_words(self._place.log)
                raise Rejected(f"{self.name} is not healthy after {waited:.0f} s; its last words:\n{words}")
            time.sleep(0.2)
        say(f"{self.name} answers at http://{LOOPBACK}:{self._port} after {time.monotonic() - started:.1f} s")


class PrefectWorker:
    """Takes flow runs from the environment's pool, which has its name, and runs each in a process of its own."""

    name = "prefect-worker"
    ports: tuple[int, ...] = ()

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._place = Place(environment.state, self.name)

    def is_up(self) -> bool:
        """Whether its process runs."""
        return self._place.daemon is not None

    def up(self, say: Say) -> None:
        """Register what is declared when it changed, then start the worker where it does not run."""
        register_deployments(self._environment, say)
        if self._place.daemon is not None:
            return
        what = worker_command(self._environment)
        say(f"+ {what}")
        processes.start(self.name, what, record=self._place.record, log=self._place.log)

    def down(self, say: Say) -> None:
        """Stop it. Prefect's worker hears SIGINT; it ends the flow runs that it started."""
        if processes.stop(self._place.daemon, grace_seconds=10, how=signal.SIGINT):
            say(f"{self.name} stopped")
        self._place.record.unlink(missing_ok=True)

    def status(self) -> ServiceStatus:
        """Healthy while its process runs."""
        daemon = self._place.daemon
        if daemon is None:
            return ServiceStatus(self.name, "stopped", None, None, processes.last_words(self._place.log, 1))
        return ServiceStatus(self.name, "healthy", daemon.pid, None, f"pool {self._environment.name!r}, type process")


def worker_command(environment: Environment) -> Command:
    """The pool has the environment's name, as every pool that `pipeline deploy` makes."""
    pool = environment.name
    what = command(_binary(), "worker", "start", "--pool", pool, "--type", "process", "--name", pool)
    variables = prefect_variables(environment) | {"PREFECT_WORKER_QUERY_SECONDS": "1"}
    return Command(what.arguments, folder=PROJECT_FOLDER, variables=variables)


def register_deployments(environment: Environment, say: Say) -> None:
    """`pipeline deploy`, unless the very same declarations were registered with this server's database before."""
    declared = declarations(environment)
    record = environment.state / "prefect" / "registered.json"
    if record.exists() and json.loads(record.read_text()) == declared and _is_registered(environment):
        return
    # As a command: what is declared is known above us, and takes Prefect itself to read.
    words = (_binary("pipeline"), "deploy", "--env", environment.name, "--yes")
    variables = prefect_variables(environment)
    what = Command(words, folder=PROJECT_FOLDER, variables=variables, timeout_seconds=300)
    say(f"+ {what}")
    run(what)
    write_atomically(record, json.dumps(declared))


def declarations(environment: Environment) -> str:
    """What registration depends on, as one hash: the table, the flows' parameters, what reads them, our own file."""
    folders = ("flows", "deployments/registration")
    files = [PROJECT_FOLDER / "prefect.yaml", *(p for one in folders for p in (PROJECT_FOLDER / one).rglob("*.py"))]
    contents = [environment.model_dump_json().encode(), *(path.read_bytes() for path in sorted(files))]
    return hashlib.sha256(b"".join(contents)).hexdigest()


def _is_registered(environment: Environment) -> bool:
    """The server's word for it: a database made anew has no deployments."""
    url = f"http://{LOOPBACK}:{environment.platform.prefect_port}/api/deployments/count"
    answer = httpx.post(url, json={}, timeout=10)
    return answer.status_code == 200 and int(answer.text) > 0


def _binary(name: str = "prefect") -> str:
    return str(Path(sys.executable).parent / name)
