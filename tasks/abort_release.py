"""Finds the release in flight, asks it to go back, and waits for it to say that it did."""

from __future__ import annotations

import time

from infra.environment import load_environment
from infra.errors import BadInput
from infra.locks.of_environment import locks_of
from infra.platform import objects_of
from tasks.records import OPEN, Record, list_records, read_record, request_abort
from tasks.release import speaker
from tasks.stage import stage


@stage("find release in flight", tries=3)
def find_in_flight(environment: str, app: str, release: str) -> Record:
    """The newest release of `app` that has not ended well or badly, called `release` where that is given.

    Raises BadInput when there is none.
    """
    objects = objects_of(load_environment(environment))
    records = [record for record in list_records(objects, app) if not release or record.release.is_called(release)]
    found = [record for record in records if record.standing in OPEN]
    if not found:
        known = ", ".join(f"{r.release.id} ({r.standing})" for r in records[:5]) or "none"
        raise BadInput(
            "release", f"no release of {app!r} is in flight in {environment}; known: {known}", "see `pipeline status`"
        )
    return found[0]


@stage("ask to go back", tries=3)
def ask_to_go_back(record: Record, reason: str) -> None:
    """The release looks for this between stages and at every batch."""
    release = record.release
    request_abort(release.platform.objects, release.app, release.id, reason)
    speaker()(f"{release.id} was asked to go back: {reason}")


@stage("wait for its end")
def wait_for_end(record: Record, seconds: float) -> Record | None:
    """The record once it ended; None when nobody is at it any more, or not within `seconds`."""
    release = record.release
    deadline = time.monotonic() + seconds
    while True:
        is_worked_on = _is_worked_on(record)
        now = read_record(release.platform.objects, release.app, release.id)
        if now and now.standing not in OPEN:
            return now
        if not is_worked_on or time.monotonic() > deadline:
            return None
        time.sleep(0.5)


def _is_worked_on(record: Record) -> bool:
    """Whether a living process holds the environment for it."""
    locks = locks_of(record.release.settings)
    lock = locks.read()
    return lock is not None and lock.holder.name == record.release.id and locks.is_held_by_the_living(lock)
