"""Every lock: one holder at a time; never taken from the living; free for recovery once the holder is dead."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from infra.database.connection import access_to
from infra.errors import PipelineError
from infra.locks import Busy, Holder, Lock, Locks, this_process
from infra.locks.local import LocalLocks
from infra.locks.postgres import PostgresLocks
from infra.orphans import start_ticks


@pytest.fixture(params=["local", "postgres"])
def locks(request: pytest.FixtureRequest, tmp_path: Path) -> Locks:
    if request.param == "local":
        return LocalLocks(tmp_path)
    return PostgresLocks(access_to(request.getfixturevalue("scratch_url")), "staging", 30)


def me(name: str = "v2-abc") -> Holder:
    return this_process(name, "release", "shop", "v2", "a push", "run-1")


def dead(name: str = "v1-abc") -> Holder:
    """A process that really lived, and really was killed."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    ticks = start_ticks(process.pid)
    assert ticks
    process.kill()
    process.wait()
    return replace(me(name), pid=process.pid, ticks=ticks)


def test_a_free_lock_is_taken_read_and_given_back(locks: Locks) -> None:
    assert locks.read() is None
    lock = locks.acquire(me())
    assert locks.read() == lock
    assert locks.is_held_by_the_living(lock)
    assert locks.release(lock)
    assert locks.release(lock), "giving back twice is giving back once"
    assert locks.read() is None


def test_the_second_one_is_told_who_has_it_since_when_and_why(locks: Locks) -> None:
    locks.acquire(me())
    with pytest.raises(Busy, match=r"held by the release of shop v2 \(v2-abc\) since ..:..:.. UTC: a push"):
        locks.acquire(me("v3-def"))


def test_a_dead_holder_is_not_passed_over_but_taken_over(locks: Locks) -> None:
    left = locks.acquire(dead())
    with pytest.raises(Busy, match="is dead") as busy:
        locks.acquire(me())
    assert busy.value.lock == left
    taken = locks.take_over(left, me())
    assert (taken.generation, locks.read()) == (left.generation + 1, taken)
    assert not locks.release(left), "what was taken over is not the dead one's to give back"
    assert locks.read() == taken


def test_the_living_are_never_taken_over(locks: Locks) -> None:
    lock = locks.acquire(me())
    with pytest.raises(Busy):
        locks.take_over(lock, me("v3-def"))
    assert locks.read() == lock


def test_of_two_that_take_over_the_same_dead_one_only_one_does(locks: Locks) -> None:
    left = locks.acquire(dead())
    locks.take_over(left, me("first"))
    with pytest.raises(Busy, match="first"):
        locks.take_over(left, me("second"))


def test_a_process_number_used_again_is_not_the_holder(locks: Locks) -> None:
    lock = locks.acquire(replace(me(), ticks=1))
    assert not locks.is_held_by_the_living(lock)


def test_of_many_that_ask_at_once_exactly_one_gets_it(locks: Locks) -> None:
    got: list[Lock] = []
    refused: list[Busy] = []
    start = threading.Barrier(8)

    def ask(number: int) -> None:
        start.wait()
        try:
            got.append(locks.acquire(me(f"v{number}")))
        except Busy as busy:
            refused.append(busy)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 7)


def test_a_damaged_file_is_nobodys_to_guess(tmp_path: Path) -> None:
    locks = LocalLocks(tmp_path)
    locks.acquire(me())
    (tmp_path / "release.lock.json").write_text("{")
    with pytest.raises(PipelineError, match="is damaged"):
        locks.read()
