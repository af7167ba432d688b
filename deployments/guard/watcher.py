"""The watcher: looks at each thing at its own pace, each in a thread of its own, so that none waits for another."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deployments.guard.dead_runs import DeadRuns
from deployments.guard.flow_runs import FlowRuns
from deployments.guard.health import HealthReporter
from deployments.guard.leader import become_leader
from deployments.guard.recovery import DeadHolder, OpenReleases, Recovery
from deployments.guard.services import AppMender, ChainMender
from deployments.guard.voice import Voice
from infra.environment import Environment, load_environment
from infra.errors import PipelineError
from infra.local.alone import beside
from infra.local.apps import HostedApps
from infra.local.guard import beat_file, is_paused, lead, platform_lock
from infra.local.platform import chains
from infra.local.prefect import PrefectServer, PrefectWorker
from infra.locks.of_environment import locks_of
from infra.orphans import end_orphans
from infra.platform import objects_of

BEAT_SECONDS = 1.0
log = logging.getLogger("guard")


@dataclass(frozen=True)
class Look:
    """What is looked at, and how many seconds lie between two looks."""

    name: str
    every_seconds: float
    look: Callable[[], None]


def watch(name: str, leader: int) -> None:
    """Until this process is ended. `leader` is the number of the one that started it, which may be dead by now."""
    environment = load_environment(name)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    voice = Voice(environment)
    voice.say(f"guarding {name}")
    for look in looks(environment, voice):
        threading.Thread(target=_keep_looking, args=(environment, look, voice), name=look.name, daemon=True).start()
    while True:
        beat_file(environment).touch()
        if os.getppid() != leader:
            _take_the_lead(environment, voice)
        time.sleep(BEAT_SECONDS)


def looks(environment: Environment, voice: Voice) -> Iterator[Look]:
    """Everything that is watched."""
    for chain in chains(environment):
        yield Look(chain[0].name, 1, ChainMender(environment, chain, voice).look)
    yield Look("apps", 1, AppMender(HostedApps(environment), voice).look)
    services = [service for chain in chains(environment) for service in chain]
    yield Look("health", 1, HealthReporter(services, voice).look)
    yield Look("orphans", 5, lambda: _sweep(voice))
    api, locks = FlowRuns(environment.prefect_url), locks_of(environment)
    yield Look("dead runs", 5, DeadRuns(api, locks, voice).look)
    server, worker = PrefectServer(environment), PrefectWorker(environment)
    recovery = Recovery(environment.name, api, voice, lambda: server.is_up() and worker.is_up())
    yield Look("lock", 1, DeadHolder(locks, recovery).look)
    yield Look("open releases", 15, OpenReleases(objects_of(environment), locks, recovery).look)


def _sweep(voice: Voice) -> None:
    for orphan in end_orphans(voice.say):
        voice.tell(f"ended an orphan: {orphan.command}", f"its owner {orphan.owner} is dead", "info")


def _keep_looking(environment: Environment, look: Look, voice: Voice) -> None:
    while True:
        with beside(platform_lock(environment)) as may:
            if may and not is_paused(environment):
                _look(look, voice)
        time.sleep(look.every_seconds)


def _look(look: Look, voice: Voice) -> None:
    """What goes wrong is said, and looked at again at the next turn: a guard that gives up guards nothing."""
    try:
        look.look()
    except PipelineError as error:
        voice.say_seldom(f"{look.name}: {error}")
    except Exception:
        log.exception("%s: this look failed", look.name)


def _take_the_lead(environment: Environment, voice: Voice) -> None:
    """The leader died. When `down` ended it, we are ended in a moment too; when `up` started another, we go."""
    time.sleep(BEAT_SECONDS)
    with beside(platform_lock(environment)) as may:
        if not may:
            return
        if not lead(environment):
            voice.say("another guard leads: this one ends")
            os._exit(0)
        voice.tell("its leader died: the watcher leads from now on")
        become_leader(environment.name)
