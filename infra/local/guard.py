"""The guard of the local platform as a service: what systemd is to a host, it is to the other services.

It is two processes, each of which starts the other again; its record names the one that leads the group.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import psutil

from infra import processes
from infra.commands import Command
from infra.environment import PROJECT_FOLDER, Environment
from infra.errors import Rejected
from infra.files import make_folder, write_atomically
from infra.local import Place, Say, ServiceStatus
from infra.local.alone import is_signed, signed, wait_for_those_beside
from infra.local.prefect import prefect_variables

START_SECONDS = 60  # 0.8 s measured
LATE_SECONDS = 15  # a beat each second


class Guard:
    """Its beat is the time of a file that it touches each second, also while it mends something for minutes."""

    name = "guard"
    ports: tuple[int, ...] = ()

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._place = Place(environment.state, self.name)
        self._beat = beat_file(environment)

    def is_up(self) -> bool:
        """Whether its leading process runs."""
        return self._place.daemon is not None

    def up(self, say: Say) -> None:
        """Run until its heart beats. Raises Rejected with its last words when it does not."""
        if self.is_up():
            return
        self._beat.unlink(missing_ok=True)
        words = (sys.executable, "-m", "deployments.guard", "--env", self._environment.name)
        what = Command(words, folder=PROJECT_FOLDER, variables=prefect_variables(self._environment))
        say(f"+ {what}")
        processes.start(self.name, what, record=self._place.record, log=self._place.log)
        self._wait(say)

    def down(self, say: Say) -> None:
        """End both of its processes; what it was mending is left as a kill -9 leaves it."""
        if processes.stop(self._place.daemon, grace_seconds=5):
            say(f"{self.name} stopped")
        processes.end_remains(processes.read(self._place.record))
        self._place.record.unlink(missing_ok=True)

    def status(self) -> ServiceStatus:
        """Healthy while its heart beats."""
        daemon = self._place.daemon
        if daemon is None:
            return ServiceStatus(self.name, "stopped", None, None, processes.last_words(self._place.log, 1))
        silent = self._silent_seconds()
        if silent is None or silent > LATE_SECONDS:
            words = "no beat yet" if silent is None else f"its last beat was {silent:.0f} s ago"
            return ServiceStatus(self.name, "unhealthy", daemon.pid, None, words)
        doing = "paused" if is_paused(self._environment) else "mends what dies"
        return ServiceStatus(self.name, "healthy", daemon.pid, None, doing)

    def _silent_seconds(self) -> float | None:
        return time.time() - self._beat.stat().st_mtime if self._beat.exists() else None

    def _wait(self, say: Say) -> None:
        started = time.monotonic()
        while not self._beat.exists():
            waited = time.monotonic() - started
            if not self.is_up() or waited > START_SECONDS:
                words = processes.last_words(self._place.log)
                raise Rejected(f"the guard does not beat after {waited:.1f} s; its last words:\n{words}")
            time.sleep(0.02)
        say(f"{self.name} guards after {time.monotonic() - started:.1f} s")


def platform_lock(environment: Environment) -> Path:
    """Who holds it starts, stops or exchanges services; the guard keeps still meanwhile."""
    return make_folder(environment.state) / "platform.lock"


def beat_file(environment: Environment) -> Path:
    """Touched by the guard each second."""
    return make_folder(environment.state / "run") / "guard.beat"


@contextmanager
def guard_paused(environment: Environment) -> Iterator[None]:
    """Until the end the guard mends nothing; what it had begun has ended when this begins. Goes with the process."""
    with signed(_pause_file(environment)):
        wait_for_those_beside(platform_lock(environment))
        yield


def is_paused(environment: Environment) -> bool:
    """Whether a living process asked for it."""
    return is_signed(_pause_file(environment))


def lead(environment: Environment) -> bool:
    """Make this process the one that the record names, in a group of its own; False when another living one is."""
    place = Place(environment.state, Guard.name)
    if place.daemon is not None:
        return False
    os.setsid()
    started = psutil.Process().create_time()
    write_atomically(
        place.record, json.dumps(asdict(processes.Daemon(Guard.name, os.getpid(), started, str(place.log))))
    )
    return True


def _pause_file(environment: Environment) -> Path:
    return make_folder(environment.state / "run") / "guard.paused"
