"""What died is started again, in order and with patience; what was stopped on purpose stays down."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deployments.guard.services import ChainMender
from deployments.guard.voice import Voice
from infra import processes
from infra.commands import command
from infra.environment import Environment
from infra.errors import Rejected
from infra.local import Place, Say, ServiceStatus
from infra.notify.logbook import Logbook


@dataclass
class Sleeper:
    """The smallest real service: a process that sleeps. It does not start while `broken`."""

    environment: Environment
    name: str
    ports: tuple[int, ...] = ()
    broken: bool = False
    started: list[int] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return Place(self.environment.state, self.name)

    def is_up(self) -> bool:
        return self.place.daemon is not None

    def up(self, say: Say) -> None:
        if self.broken:
            raise Rejected(f"{self.name} is broken", "mend it")
        sleep = command(sys.executable, "-c", "import time; time.sleep(300)")
        daemon = processes.start(self.name, sleep, record=self.place.record, log=self.place.log)
        self.started.append(daemon.pid)
        say(f"{self.name} sleeps")

    def down(self, say: Say) -> None:
        processes.stop(self.place.daemon, grace_seconds=5)
        self.place.record.unlink(missing_ok=True)

    def status(self) -> ServiceStatus:
        daemon = self.place.daemon
        return ServiceStatus(self.name, "healthy" if daemon else "stopped", daemon and daemon.pid, None, "")

    def die(self) -> None:
        daemon = self.place.daemon
        assert daemon is not None
        os.kill(daemon.pid, signal.SIGKILL)
        os.waitpid(daemon.pid, 0)


@dataclass
class Scene:
    first: Sleeper
    second: Sleeper
    mender: ChainMender
    book: Logbook

    def titles(self) -> list[str]:
        return [message.title for message in self.book.sent()]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("PIPELINE_STATE", str(tmp_path))
    environment = Environment(name="test", kind="local")
    first, second = Sleeper(environment, "first"), Sleeper(environment, "second")
    for service in (first, second):
        service.up(print)
    mender = ChainMender(environment, (first, second), Voice(environment))
    yield Scene(first, second, mender, Logbook(environment.state / "notifications.jsonl"))
    for service in (first, second):
        service.down(print)


def test_what_lives_is_left_alone(scene: Scene) -> None:
    scene.mender.look()
    assert (len(scene.first.started), len(scene.second.started), scene.titles()) == (1, 1, [])


def test_what_died_runs_again_and_people_are_told(scene: Scene) -> None:
    scene.second.die()
    scene.mender.look()
    assert scene.second.is_up()
    assert [title.startswith("guard: second died and runs again after ") for title in scene.titles()] == [True]


def test_what_was_stopped_on_purpose_stays_down_and_does_not_keep_others_down(scene: Scene) -> None:
    scene.first.down(print)
    scene.second.die()
    scene.mender.look()
    assert (scene.first.is_up(), scene.second.is_up()) == (False, True)


def test_what_needs_a_dead_one_waits_for_it(scene: Scene) -> None:
    scene.first.die()
    scene.second.die()
    scene.first.broken = True
    scene.mender.look()
    assert not scene.second.is_up()
    assert scene.titles() == ["guard: first died and does not start; next try in 1 s"]

    scene.first.broken = False
    scene.mender._backoffs["first"].tried(-1000.0)
    scene.mender.look()
    assert scene.first.is_up()
    assert scene.second.is_up()


def test_one_that_always_falls_is_not_started_again_at_once(scene: Scene) -> None:
    scene.second.die()
    scene.mender.look()
    scene.second.die()
    scene.mender.look()
    assert not scene.second.is_up()
    assert len(scene.titles()) == 1
