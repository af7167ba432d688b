"""The automatic way back: every note of a release put back, newest first, until the world is as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tasks import expand_schema, make_room, restore_to_point, shift_traffic, start_candidate
from tasks.notes import mark_put_back, read_notes
from tasks.outcomes import WayBackFailed
from tasks.release import Release, speaker


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


WAYS_BACK: dict[str, Callable[[Release, dict[str, Any]], str]] = {
    shift_traffic.NAME: shift_traffic.put_traffic_back,
    make_room.NAME: make_room.wake_previous_again,
    start_candidate.NAME: start_candidate.stop_candidate,
    expand_schema.NAME: put_schema_back,
    restore_to_point.NAME: restore_to_point.let_go_of_log,
}


def go_back(release: Release) -> list[str]:
    """What was put back, a line each.

    Stops at the first step that fails and raises WayBackFailed with the cause: visitors who are still on the
    candidate must not lose it, nor the schema under it.
    """
    done: list[str] = []
    for note in sorted(read_notes(release), key=lambda note: note.order, reverse=True):
        if note.is_put_back:
            continue
        try:
            done.append(WAYS_BACK[note.stage](release, note.facts))
        except Exception as error:
            raise WayBackFailed(
                f"the way back of {release.label} stopped at {note.stage}: {error}",
                f"mend the cause, then: pipeline abort --env {release.environment} --app {release.app} "
                f"--release {release.id}",
            ) from error
        mark_put_back(release, note)
    speaker()(f"{release.label} is gone: {'; '.join(done) or 'nothing had been changed'}")
    return done
