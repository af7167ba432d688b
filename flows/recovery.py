"""Finishes what a dead process left: its release goes back, everybody is told, the environment is free again."""

from __future__ import annotations

from dataclasses import replace

from flows import bring_back
from flows.half_way import tell_half_way
from flows.way_back import go_back
from infra.database.targets import target_from
from infra.environment import load_environment
from infra.errors import PipelineError
from infra.locks import Busy, Lock
from infra.locks.of_environment import locks_of
from infra.platform import objects_of
from tasks import restore_to_point
from tasks.announce import announce, one_line, open_incident
from tasks.code_review import tell_ends
from tasks.hold_environment import Claim, give_back_environment, take_over_environment
from tasks.notes import read_notes
from tasks.outcomes import WayBackFailed
from tasks.raise_incident import raise_incident
from tasks.records import OPEN, Record, end_record, open_records, read_record
from tasks.release import Release, speaker


def finish_for(claim: Claim, seen: Lock) -> list[str]:
    """A line on what was done for the dead holder of `seen`, which is free now; none when it lives, or when somebody
    was faster. Raises WayBackFailed when its way back fails."""
    if locks_of(load_environment(claim.environment)).is_held_by_the_living(seen):
        return []
    try:
        lock = take_over_environment(_in_the_place_of(seen, claim), seen)
    except Busy as busy:
        speaker()(f"somebody was faster: {busy.message}")
        return []
    try:
        return [finish(claim.environment, seen)]
    finally:
        give_back_environment(claim.environment, lock)
        tell_ends(claim.environment)


def _in_the_place_of(seen: Lock, claim: Claim) -> Claim:
    """Whoever dies while it goes on with a restore leaves a restore. What a release is, is on record by its name."""
    holder = seen.holder
    if holder.what != bring_back.NAME:
        return claim
    return replace(claim, name=holder.name, what=holder.what, version=holder.version)


def finish(environment: str, left: Lock) -> str:
    """One line on what was done for the dead holder of `left`. Raises WayBackFailed."""
    holder = left.holder
    died = f"the process of the {holder} died"
    speaker()(died)
    if holder.what == bring_back.NAME:
        return f"{died}; gone on with: {_restore_again(environment, holder.version)}"
    record = read_record(objects_of(load_environment(environment)), holder.app, holder.name) if holder.app else None
    if record is None:
        todo = f"see flow run {holder.flow_run}"
        raise_incident(environment, f"died-{holder.what}-{holder.name}", "P2", died, todo)
        return f"{died}; {todo}"
    if record.standing not in OPEN:
        _let_go(record.release)
        return f"{died} after its end ({record.standing})"
    return finish_release(record, died)


def _restore_again(environment: str, target: str) -> str:
    try:
        return bring_back.bring_back(environment, target_from(target))
    except PipelineError as error:
        raise WayBackFailed(f"the restore to {target} failed again: {one_line(error)}", error.hint) from error


def finish_open(environment: str, reason: str = "its process died", *, but: str = "") -> list[str]:
    """Take back every release that is open although nobody is at it, a line each; to be called by whoever holds the
    environment. `but` is the id of the holder's own release. Raises WayBackFailed."""
    left = [record for record in open_records(objects_of(load_environment(environment))) if record.release.id != but]
    done, failed = [], None
    for record in left:
        try:
            done.append(finish_release(record, record.reason or reason))
        except WayBackFailed as worse:
            failed = worse  # the others are no worse off for it
    if left:
        tell_ends(environment)
    if failed:
        raise failed
    return done


def _let_go(order: Release) -> None:
    """Killed between its good end and this, it would hold the primary's log back for ever."""
    for note in read_notes(order):
        if note.stage == restore_to_point.NAME and not note.is_put_back:
            restore_to_point.let_go_of_log(order, note.facts)


def finish_release(record: Record, reason: str) -> str:
    """Take a release back for whoever cannot any more. Raises WayBackFailed, with the incident opened as P1."""
    order = record.release
    try:
        go_back(order)
    except WayBackFailed as worse:
        tell_half_way(record, worse, reason)
        raise
    undone = [note.stage for note in read_notes(order) if note.stage != restore_to_point.NAME]
    how = "taken back" if undone else "ended before it touched anything"
    message = f"{order.app} {order.label} was {how}: {reason}"
    open_incident(order, "P2", message, f"put back: {', '.join(undone) or 'nothing'}")
    end_record(record, "rolled back" if undone else "failed", reason)
    announce(order, message, reason, "warning")
    return message
