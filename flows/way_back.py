"""The automatic way back: every note of a release put back, newest first, until the world is as it was."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from infra.errors import PipelineError, Rejected
from tasks import contract_schema, expand_schema, make_room, ramp_flag, restore_to_point, shift_traffic, start_candidate
from tasks.announce import announce, one_line, open_incident
from tasks.notes import Note, mark_put_back, read_notes
from tasks.outcomes import GateClosed, LockLost, WayBackFailed
from tasks.purge_cache import purge_cache
from tasks.release import Release, speaker

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
TRIES_AFTER_A_NO = 3


def put_data_back(release: Release, _facts: dict[str, Any]) -> str:
    """To the release's restore point, with the rows written since. Raises WayBackFailed when no log was held for it."""
    for note in read_notes(release):
        if note.stage == restore_to_point.NAME:
            return restore_to_point.restore_release_data(release, note.facts)
    raise WayBackFailed(
        f"the data of {release.label} cannot be brought back: no log was held for it",
        f"look at the restore points with `pipeline backups --env {release.environment}`, then `pipeline restore`",
    )


def put_schema_back(release: Release, facts: dict[str, Any]) -> str:
    """By evidence: undone, left, or, when data was damaged, the data brought back."""
    return expand_schema.put_schema_back(release, facts, restore=put_data_back)


def put_traffic_back(release: Release, facts: dict[str, Any]) -> str:
    """All visitors to what was live before, and nothing of the candidate left in a cache in front."""
    return f"{shift_traffic.put_traffic_back(release, facts)}; {purge_cache(release)}"


def put_contract_back(release: Release, facts: dict[str, Any]) -> str:
    """What was dropped again, with what was in it."""
    return contract_schema.put_contract_back(release, facts, restore=put_data_back)


WAYS_BACK: dict[str, Callable[[Release, dict[str, Any]], str]] = {
    shift_traffic.NAME: put_traffic_back,
    ramp_flag.NAME: ramp_flag.put_flag_back,
    make_room.NAME: make_room.wake_previous_again,
    start_candidate.NAME: start_candidate.stop_candidate,
    expand_schema.NAME: put_schema_back,
    contract_schema.NAME: put_contract_back,
    restore_to_point.NAME: restore_to_point.let_go_of_log,
}


def go_back(release: Release) -> list[str]:
    """What was put back, a line each; a log that was held and let go of is nothing that anybody saw.

    A step that fails is tried again for as long as the environment says, with a P1 incident from its third failure
    on. Then it stops there and raises WayBackFailed with the cause: visitors who are still on the candidate must not
    lose it, nor the schema under it.
    """
    done: list[str] = []
    for note in sorted(_notes(release), key=lambda note: note.order, reverse=True):
        if note.is_put_back:
            continue
        line = _insist(release, note)
        done += [line] if note.stage != restore_to_point.NAME else []
    speaker()(f"{release.label} is gone: {'; '.join(done) or 'nothing had been changed'}")
    return done


def _notes(release: Release) -> list[Note]:
    try:
        return read_notes(release)
    except PipelineError as error:
        raise WayBackFailed(
            f"the way back of {release.label} cannot begin: its notes cannot be read: {error}", by_hand(release)
        ) from error


def _insist(release: Release, note: Note) -> str:
    deadline = time.monotonic() + release.settings.release.way_back_seconds
    pause, tries = FIRST_PAUSE_SECONDS, 0
    while True:
        try:
            line = WAYS_BACK[note.stage](release, note.facts)
            mark_put_back(release, note)
            return line
        except LockLost:
            raise  # whoever has the environment now goes back instead
        except Exception as error:
            tries += 1
            if _is_final(error, tries) or time.monotonic() + pause > deadline:
                raise WayBackFailed(
                    f"the way back of {release.label} stopped at {note.stage}: {error}", by_hand(release)
                ) from error
            _tell(release, note, error, tries, pause)
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def by_hand(release: Release) -> str:
    """The exact commands for a person."""
    where = f"--env {release.environment}"
    return (
        f"mend the cause (`pipeline status {where}`, `pipeline up {where}`), then finish it: "
        f"`pipeline recover {where}`, or `pipeline abort {where} --app {release.app} --release {release.id}`"
    )


def _is_final(error: Exception, tries: int) -> bool:
    """A definite no is asked thrice, silence and what we do not know for as long as there is time."""
    if isinstance(error, WayBackFailed):
        return True
    return isinstance(error, Rejected | GateClosed) and tries >= TRIES_AFTER_A_NO


def _tell(release: Release, note: Note, error: Exception, tries: int, pause: float) -> None:
    say = speaker()
    say(f"way back of {note.stage}: {one_line(error)}; try {tries + 1} in {pause:g} s. By hand: {by_hand(release)}")
    if tries != TRIES_AFTER_A_NO:
        return
    title = f"the way back of {release.app} {release.label} is stuck at {note.stage}: {one_line(error)}"
    try:
        announce(release, title, by_hand(release), "critical")
        open_incident(release, "P1", title, by_hand(release))
    except PipelineError as silence:
        say(f"nobody could be told: {one_line(silence)}")
