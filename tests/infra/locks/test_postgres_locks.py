"""A lock between machines: a pulse says who lives, generations say whose it is, environments do not meet."""

from __future__ import annotations

import time
from dataclasses import replace

import psycopg
import pytest

from infra.database.connection import access_to
from infra.errors import PipelineError
from infra.locks import Busy, Holder, Lock, this_process
from infra.locks.postgres import PostgresLocks
from infra.locks.pulse import stop_pulse

DEAD_AFTER_SECONDS = 1.5


@pytest.fixture
def locks(scratch_url: str) -> PostgresLocks:
    return PostgresLocks(access_to(scratch_url), "staging", DEAD_AFTER_SECONDS)


def elsewhere(name: str = "v2-abc") -> Holder:
    """A holder on another machine: nothing but its pulse tells whether it lives."""
    return replace(this_process(name, "release", "shop", "v2", "a push", "run-1"), machine="another", ticks=1)


def test_a_holder_elsewhere_lives_while_its_pulse_beats_and_not_after(locks: PostgresLocks) -> None:
    lock = locks.acquire(elsewhere())
    time.sleep(2 * DEAD_AFTER_SECONDS)
    assert locks.is_held_by_the_living(lock), "it was beating all the time"
    with pytest.raises(Busy, match="is held by the release"):
        locks.take_over(lock, elsewhere("v3-def"))
    stop_pulse(f"staging/{lock.generation}")
    until = time.monotonic() + 20 * DEAD_AFTER_SECONDS
    while locks.is_held_by_the_living(lock):
        assert time.monotonic() < until
        time.sleep(0.1)
    taken = locks.take_over(lock, elsewhere("v3-def"))
    assert (taken.generation, locks.read()) == (lock.generation + 1, taken)
    assert not locks.beat(lock), "the one that was only silent finds that it has lost it"


def test_environments_in_one_database_do_not_meet(scratch_url: str, locks: PostgresLocks) -> None:
    other = PostgresLocks(access_to(scratch_url), "development", DEAD_AFTER_SECONDS)
    lock = locks.acquire(elsewhere())
    assert other.read() is None
    assert other.release(other.acquire(elsewhere()))
    assert locks.read() == lock


def test_a_holder_of_an_older_layout_is_nobodys_to_guess(scratch_url: str, locks: PostgresLocks) -> None:
    locks.release(locks.acquire(elsewhere()))
    with psycopg.connect(scratch_url, autocommit=True) as connection:
        connection.execute("""UPDATE release_pipeline.environment_lock SET holder = '{"who": "me"}', is_held = true""")
    with pytest.raises(PipelineError, match="is damaged"):
        locks.read()


def test_what_it_keeps_is_no_change_of_the_schema_and_no_strangers_business(
    scratch_url: str, locks: PostgresLocks
) -> None:
    lock: Lock = locks.acquire(elsewhere())
    with psycopg.connect(scratch_url, autocommit=True) as connection:
        connection.execute("SET ROLE anon")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT FROM release_pipeline.environment_lock")
    assert locks.release(lock)
