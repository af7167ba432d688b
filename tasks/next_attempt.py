"""Puts a release on record as running, for the first time or once more."""

from __future__ import annotations

import time
from dataclasses import replace

from prefect.runtime import flow_run

from infra.locks import Lock
from tasks.attempt import Attempt, Waiver, begin_attempt
from tasks.policy import Rerun, forget_rerun, read_rerun
from tasks.records import OPEN, Record, forget_abort, write_record
from tasks.release import Release
from tasks.stage import stage


@stage("put it on record", tries=3)
def next_attempt(release: Release, known: Record | None, lock: Lock, waivers: tuple[Waiver, ...]) -> Record:
    """The record of this attempt, written before anything is touched."""
    rerun = read_rerun(release) if known else None
    # An abort of an attempt that nobody has taken back yet is still to be done.
    if known and known.standing not in OPEN:
        forget_abort(release)
    record = _record(release, known, _lines(waivers, rerun))
    write_record(record)
    begin_attempt(Attempt(release, record.attempt, lock, rerun.stage if rerun else "", waivers))
    if rerun:
        forget_rerun(release)
    return record


def _record(release: Release, known: Record | None, said: tuple[str, ...]) -> Record:
    if known is None:
        return Record(release, str(flow_run.id), "running", time.time(), waivers=said)
    again = replace(known, standing="running", ended=None, reason="", report="", attempt=known.attempt + 1)
    return replace(again, waivers=(*known.waivers, *said))


def _lines(waivers: tuple[Waiver, ...], rerun: Rerun | None) -> tuple[str, ...]:
    skipped = tuple(f"{one.stage} skipped: {one.reason} ({one.who})" for one in waivers)
    return (*skipped, str(rerun)) if rerun else skipped
