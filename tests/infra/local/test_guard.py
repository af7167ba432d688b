"""The guard as a service, guarding a real object store: it mends, keeps still when told, and is hard to end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from infra import processes
from infra.environment import Environment, load_environment
from infra.local import Place
from infra.local.alone import alone
from infra.local.guard import Guard, guard_paused, platform_lock
from infra.local.object_store import ObjectStore
from infra.notify.logbook import Logbook
from infra.ports import free_port

PORTS = ("edge_admin", "postgres", "standby", "control_postgres", "object_store", "prefect")
PATIENCE_SECONDS = 40.0  # on a busy machine; a second or two on an idle one


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    lines = [f"{name}_port = {free_port()}" for name in PORTS]
    text = "\n".join(['name = "local"', 'kind = "local"', "[platform]", f"edge_ports = [{free_port()}]", *lines])
    (tmp_path / "local.toml").write_text(text)
    monkeypatch.setenv("PIPELINE_ENVIRONMENTS", str(tmp_path))
    monkeypatch.setenv("PIPELINE_STATE", str(tmp_path / "state"))
    made = load_environment("local")
    yield made
    Guard(made).down(print)
    ObjectStore(made).down(print)
    assert not guards(made)


@pytest.fixture
def guarded(environment: Environment) -> Environment:
    ObjectStore(environment).up(print)
    Guard(environment).up(print)
    return environment


def guards(environment: Environment) -> list[int]:
    """Both processes, by the environment that they were given."""
    folder = os.environ["PIPELINE_ENVIRONMENTS"]
    return [process.pid for process in psutil.process_iter(["cmdline"]) if _is_guard(process, folder)]


def _is_guard(process: psutil.Process, folder: str) -> bool:
    try:
        is_one = "deployments.guard" in (process.info["cmdline"] or [])
        return is_one and process.environ().get("PIPELINE_ENVIRONMENTS") == folder
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def leader(environment: Environment) -> int:
    daemon = Place(environment.state, Guard.name).daemon
    return daemon.pid if daemon else 0


def within(holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def kill_store(environment: Environment) -> int:
    pid = ObjectStore(environment).status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert within(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    return pid


def test_what_is_killed_comes_back_and_people_are_told(guarded: Environment) -> None:
    pid = kill_store(guarded)
    assert within(lambda: ObjectStore(guarded).status().state == "healthy")
    assert ObjectStore(guarded).status().pid != pid
    book = Logbook(guarded.state / "notifications.jsonl")
    assert within(lambda: any("object-store died and runs again" in message.title for message in book.sent()))


def test_what_is_stopped_on_purpose_stays_down(guarded: Environment) -> None:
    ObjectStore(guarded).down(print)
    assert not within(ObjectStore(guarded).is_up, seconds=3)


def test_while_somebody_is_alone_with_the_platform_nothing_is_mended(guarded: Environment) -> None:
    with alone(platform_lock(guarded), "a test"):
        kill_store(guarded)
        assert not within(ObjectStore(guarded).is_up, seconds=3)
    assert within(ObjectStore(guarded).is_up)


def test_while_it_is_paused_nothing_is_mended_and_its_status_says_so(guarded: Environment) -> None:
    with guard_paused(guarded):
        kill_store(guarded)
        assert not within(ObjectStore(guarded).is_up, seconds=3)
        assert Guard(guarded).status().detail == "paused"
    assert within(ObjectStore(guarded).is_up)


def test_each_half_of_it_starts_the_other_again(guarded: Environment) -> None:
    first = leader(guarded)
    (watcher,) = [pid for pid in guards(guarded) if pid != first]
    os.kill(watcher, signal.SIGKILL)
    assert within(lambda: leader(guarded) == first and len({*guards(guarded)} - {first, watcher}) == 1)

    (watcher,) = [pid for pid in guards(guarded) if pid != first]
    os.kill(first, signal.SIGKILL)
    assert within(lambda: leader(guarded) == watcher and len(guards(guarded)) == 2)
    kill_store(guarded)
    assert within(lambda: ObjectStore(guarded).status().state == "healthy")
    assert Guard(guarded).status().state == "healthy"


def test_up_after_both_were_killed_starts_it_again(guarded: Environment) -> None:
    for pid in guards(guarded):
        os.kill(pid, signal.SIGKILL)
    assert within(lambda: Guard(guarded).status().state == "stopped")  # a signal takes a moment
    Guard(guarded).up(print)
    assert Guard(guarded).status().state == "healthy"


def test_up_beside_a_half_that_is_left_ends_with_one_guard(guarded: Environment) -> None:
    os.kill(leader(guarded), signal.SIGKILL)
    Guard(guarded).up(print)
    assert within(lambda: len(guards(guarded)) == 2)
    assert leader(guarded) in guards(guarded)


def test_down_leaves_neither_half_also_when_the_leader_died_a_moment_before(guarded: Environment) -> None:
    os.kill(leader(guarded), signal.SIGKILL)
    Guard(guarded).down(print)
    assert not within(lambda: bool(guards(guarded)), seconds=3)


def test_up_twice_is_up_once(guarded: Environment) -> None:
    before = processes.read(Place(guarded.state, Guard.name).record)
    Guard(guarded).up(print)
    assert processes.read(Place(guarded.state, Guard.name).record) == before
