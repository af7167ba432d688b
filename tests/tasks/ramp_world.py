"""A live version and a candidate behind a real edge, real visitors, and the release between them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deployments.bench.canary_app import variables, write_app
from infra.edge import Slot, Target
from infra.edge.route_file import NOTHING, RouteFile
from infra.edge.sites import Sites
from infra.environment import Environment, load_environment
from infra.hosting import Deployment, Source
from infra.platform import Platform, connect
from tasks.records import Record, write_record
from tasks.release import Release
from tasks.timeline import Chapter, read_chapters

NAME = "ramp"
POLICY = """
name = "{name}"
kind = "local"
[platform]
edge_ports = {edge_ports}
edge_admin_port = {admin}
object_store_port = {store}
[canary]
error_rate_limit = 0.4
slow_rate_limit = 0.4
acceptable_rate = 0.2
step_minimum_requests = {minimum}
step_timeout_seconds = {timeout}
{canary}
[watch]
{watch}
"""
FIRST_PORT, PORTS_OF_A_WORKER, SITES = 28_222, 19, 16


@dataclass
class Place:
    """The folder with the environment's file; its policy may be rewritten, because a release reads it anew."""

    folder: Path
    worker: int

    def write(self, canary: str = "", watch: str = "", minimum: int = 20, timeout: float = 30) -> Environment:
        first = FIRST_PORT + PORTS_OF_A_WORKER * self.worker
        ports = list(range(first, first + SITES))
        numbers = {"edge_ports": json.dumps(ports), "admin": first + SITES, "store": first + SITES + 1}
        text = POLICY.format(name=NAME, canary=canary, watch=watch, minimum=minimum, timeout=timeout, **numbers)
        (self.folder / f"{NAME}.toml").write_text(text)
        return load_environment(NAME, self.folder)


@dataclass
class World:
    """One app of its own."""

    place: Place
    platform: Platform
    source: Source
    running: list[str] = field(default_factory=list)

    def start(self, version: str, fault: str = "healthy") -> Deployment:
        found = variables(version, fault)
        self.running.append(version)
        self.platform.hosting.build(self.source, version, found, str)
        return self.platform.hosting.start(version, found, str)

    def go_live(self, version: str = "v1", fault: str = "healthy") -> None:
        self._attach("blue", self.start(version, fault))
        self.platform.edge.make_live("blue")

    def candidate(self, fault: str = "healthy", version: str = "v2") -> Release:
        self._attach(self.platform.edge.route().beside, self.start(version, fault))
        where = (NAME, self.platform.app, self.source.repository, version, self.source.version)
        release = Release(version, *where, version, str(self.source.folder))
        write_record(Record(release, "run", "running", time.time()))
        return release

    def chapter(self, release: Release) -> Chapter:
        return read_chapters(release)[-1]

    def close(self) -> None:
        """End what was started, and forget everything about the app: another test will use its site."""
        for version in self.running:
            self.platform.hosting.stop(version, 0)
        sites = Sites(self.platform.environment)
        RouteFile(sites.folder, sites.port(self.platform.app)).change(lambda _: NOTHING)
        for stored in self.platform.objects.list(f"releases/{self.platform.app}/"):
            self.platform.objects.delete(stored.key)

    def _attach(self, slot: Slot, found: Deployment) -> None:
        self.platform.edge.attach(slot, Target(found.id, found.address, found.id))


def make_world(place: Place, app: str, folder: Path) -> World:
    return World(place, connect(load_environment(NAME, place.folder), app), write_app(folder, app))


@contextmanager
def visitors(platform: Platform, per_second: float = 60, seconds_at_most: float = 40) -> Iterator[list[int]]:
    """Strangers until the block ends; the status of each answer, 0 for none."""
    statuses: list[int] = []
    over = threading.Event()
    end = time.monotonic() + seconds_at_most

    def visit() -> None:
        with httpx.Client(timeout=10) as client:
            while not over.wait(4 / per_second) and time.monotonic() < end:
                client.cookies.clear()
                try:
                    statuses.append(client.get(platform.url).status_code)
                except httpx.TransportError:
                    statuses.append(0)

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        over.set()
        for thread in threads:
            thread.join(15)


def wait_until(what: str, is_so: object, seconds: float = 20) -> None:
    """Raises when it does not become so."""
    assert callable(is_so)
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)
