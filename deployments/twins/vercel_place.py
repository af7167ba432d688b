"""A Vercel project at a twin, with the object store that our clients need beside it: for tests and measurements."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deployments.twins.vercel import VercelTwin
from infra.edge import Target
from infra.edge.vercel import VercelEdge
from infra.environment import Canary, Environment, LocalPlatform
from infra.environment.vendors import Vercel
from infra.errors import BadInput
from infra.hosting import Source
from infra.hosting.vercel import VercelHosting
from infra.hosting.vercel_project import VercelProject
from infra.http import Patience
from infra.local.object_store import ObjectStore, local_objects
from infra.manifest import Commands, Health, Manifest
from infra.objects import Objects
from infra.ports import listen

PORTS = range(35_000, 35_900)
TOKEN_VARIABLE = "PIPELINE_TWIN_VERCEL_TOKEN"
BYPASS_VARIABLE = "PIPELINE_TWIN_VERCEL_BYPASS"
APP = "securyflex"
WEIGHTS = (10, 50, 100)
QUICK = Patience(tries=3, seconds=2, first_pause_seconds=0.01)


def quiet(_line: str) -> None:
    """Nobody reads it."""


@dataclass
class VercelPlace:
    """One project at `twin`. `folder` is for the versions' files."""

    twin: VercelTwin
    objects: Objects
    folder: Path
    weights: Sequence[int] = WEIGHTS
    patience: Patience = field(default_factory=lambda: QUICK)
    timeout_seconds: float = 5.0
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        os.environ[TOKEN_VARIABLE], os.environ[BYPASS_VARIABLE] = self.twin.token, self.twin.bypass
        self.settings = settings_for(self.twin)
        self.use(VercelProject(self.settings, self.patience, self.timeout_seconds))

    def use(self, project: VercelProject) -> None:
        """Clients that stand on `project`."""
        self.project = project
        self.hosting = VercelHosting(self.project, self.objects, APP, plain=("APP_VERSION",))
        self.edge = self.edge_with(self.weights)

    def edge_with(self, weights: Sequence[int]) -> VercelEdge:
        """The edge for a ramp of other weights."""
        return VercelEdge(self.project, self.objects, APP, Canary(weights=tuple(weights)))

    def source(self, label: str, build_seconds: int = 20) -> Source:
        """A version with two files; those of two versions differ in one."""
        folder = self.folder / label
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.html").write_text(f"<h1>{label}</h1>")
        (folder / "package.json").write_text('{"name": "securyflex"}')
        health = Health(path="/health", timeout_seconds=2)
        commands = Commands(start="next start", timeout_seconds=build_seconds)
        made = Manifest(name=APP, commands=commands, health=health)
        return Source(folder, f"https://code.example/{APP}.git", label, hashlib.sha1(label.encode()).hexdigest(), made)

    def release(self, label: str) -> Target:
        """A version, built and healthy, as the edge takes it. Its deployment is called as the version."""
        self.hosting.build(self.source(label), label, {"APP_VERSION": label}, self.said.append)
        found = self.hosting.start(label, {}, self.said.append)
        return Target(label, found.address, label)

    def open_with_both(self, weight: int = 0) -> None:
        """v1 live in blue and v2 beside it."""
        self.edge.attach("blue", self.release("v1"))
        self.edge.make_live("blue")
        self.edge.attach("green", self.release("v2"))
        self.edge.weigh(weight)


def settings_for(twin: VercelTwin) -> Vercel:
    """The `[vercel]` table that leads to a twin."""
    return Vercel(
        project=twin.project,
        domain=twin.domain,
        team=twin.team,
        token=f"env:{TOKEN_VARIABLE}",
        bypass=f"env:{BYPASS_VARIABLE}",
        api=twin.url,
        poll_seconds=0.02,
        job_timeout_seconds=2,
    )


@contextmanager
def object_store(state: Path) -> Iterator[Objects]:
    """A real one of its own, for as long as it is needed."""
    platform = LocalPlatform(object_store_port=_free_port())
    # By a name of its own: with PIPELINE_STATE set `local` would be the platform that runs, whose store would be ended.
    name = f"twins-{secrets.token_hex(3)}"
    environment = Environment(name=name, kind="local", state_folder=str(state), platform=platform)
    store = ObjectStore(environment)
    try:
        store.up(quiet)
        yield local_objects(environment)
    finally:
        store.down(quiet)
        shutil.rmtree(environment.state, ignore_errors=True)


def _free_port() -> int:
    for port in PORTS:
        try:
            listen(port).close()
        except BadInput:
            continue
        return port
    raise BadInput("ports", f"none is free in {PORTS.start} to {PORTS.stop}", "end other runs")
