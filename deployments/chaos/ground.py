"""A local platform of its own to break: ports, state folder and a quick environment, gone when it is left."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployments.chaos.app import APP, Repository, Version
from deployments.chaos.moods import MoodyProxy
from deployments.chaos.strays import end_strays
from deployments.prefect_api import FlowRun, PrefectApi
from deployments.variables import variables_set
from infra.environment import Environment, load_environment
from infra.errors import BadInput, PipelineError
from infra.local import Say
from infra.local.platform import bring_up, take_down
from infra.platform import Platform, connect
from infra.ports import listen

ENVIRONMENT = "local"
# Below the ports that the system gives to outgoing connections: one of those would keep a killed service from its own.
FIRST_PORT = 26_000
SEARCHED = 900
PORTS = 8
LEASE_SECONDS = 4
QUICK = """
name = "local"
kind = "local"

[platform]
edge_ports = [{0}]
edge_admin_port = {1}
postgres_port = {2}
standby_port = {3}
control_postgres_port = {4}
object_store_port = {5}
prefect_port = {6}
object_store_url = "http://127.0.0.1:{7}"

[traffic]
drain_seconds = 1
lease_seconds = {lease}

[backups]
missing_proof = "make"

[canary]
weights = [20, 100]
error_rate_limit = 0.4
slow_rate_limit = 0.4
acceptable_rate = 0.2
step_minimum_requests = 40
step_timeout_seconds = 20

[watch]
seconds = 2
"""
_FIRST_SECONDS = 180.0


@dataclass(frozen=True)
class Ground:
    """A platform with the app's first version live on it."""

    environment: Environment
    repository: Repository
    proxy: MoodyProxy
    api: PrefectApi

    @property
    def platform(self) -> Platform:
        """What the app stands on."""
        return connect(self.environment, APP)

    def release(self, version: Version, applied: tuple[str, ...]) -> FlowRun:
        """Commit the version, and start its release. `applied` are the revisions that the database has."""
        self.repository.commit(version, applied)
        parameters = {
            "repository": str(self.repository.folder),
            "ref": version.tag,
            "environment": self.environment.name,
        }
        return self.api.start("release", self.environment.name, parameters)


@contextmanager
def ground(say: Say, first_port: int = FIRST_PORT) -> Iterator[Ground]:
    """Up with a first version; taken down and removed at the end, whatever happened."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    ports = free_ports(first_port)
    (folder / "environments").mkdir()
    (folder / "environments" / f"{ENVIRONMENT}.toml").write_text(QUICK.format(*ports, lease=LEASE_SECONDS))
    found = {"PIPELINE_ENVIRONMENTS": str(folder / "environments"), "PIPELINE_STATE": str(folder / "state")}
    try:
        with variables_set(found), MoodyProxy(ports[7], ports[5]) as proxy:
            environment = load_environment(ENVIRONMENT)
            try:
                bring_up(environment, say)
                yield _with_first_version(environment, Repository(folder / "app"), proxy, say)
            finally:
                proxy.recover()
                take_down(environment, say)
                end_strays(environment)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _with_first_version(environment: Environment, repository: Repository, proxy: MoodyProxy, say: Say) -> Ground:
    made = Ground(environment, repository, proxy, PrefectApi(environment.prefect_url))
    say("releasing the first version")
    run = made.release(Version("t000"), ())
    deadline = time.monotonic() + _FIRST_SECONDS
    while not (now := made.api.flow_run(run.id)).is_over and time.monotonic() < deadline:
        time.sleep(0.5)
    if now.outcome != "Promoted":
        raise PipelineError(f"the first version ended {now.outcome}: {now.message}", "nothing can be tried without it")
    return made


def free_ports(first: int, wanted: int = PORTS) -> range:
    """So many ports in a row that nobody has. Raises BadInput."""
    for start in range(first, first + SEARCHED, wanted):
        ports = range(start, start + wanted)
        try:
            for port in ports:
                listen(port).close()
        except BadInput:
            continue
        return ports
    raise BadInput("ports", f"no {wanted} free ones in a row from {first} on", "end what listens there")
