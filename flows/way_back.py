"""The automatic way back: every note of a release put back, newest first, until the world is as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tasks import expand_schema, make_room, shift_traffic, start_candidate
from tasks.notes import mark_put_back, read_notes
from tasks.outcomes import WayBackFailed
from tasks.release import Release, speaker

WAYS_BACK: dict[str, Callable[[Release, dict[str, Any]], str]] = {
    shift_traffic.NAME: shift_traffic.put_traffic_back,
    make_room.NAME: make_room.wake_previous_again,
    start_candidate.NAME: start_candidate.stop_candidate,
    expand_schema.NAME: expand_schema.put_schema_back,
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
