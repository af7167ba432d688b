"""The way back through data: a release's restore point, and the rows that people wrote after it.

The log of the app's database is held from before the restore point until the release ends well; a migration that
damaged data is undone by going back to the point and replaying what the app wrote since.
"""

from __future__ import annotations

from typing import Any

from infra.database.local_recovery import recovery_of
from infra.database.slots import slot_name
from tasks.notes import read_notes, write_note
from tasks.release import Release, speaker
from tasks.stage import Journey, stage

NAME = "hold-log"


def is_log_held(release: Release, facts: dict[str, Any]) -> bool:
    """Whether the note of it is open: the way back lets go of the log."""
    return any(note.stage == NAME and not note.is_put_back and note.facts == facts for note in read_notes(release))


@stage("hold the log", tries=3, journey=Journey(still=is_log_held))
def hold_log(release: Release) -> dict[str, Any]:
    """To be done before the restore point `before-<release>` is made; the facts for the way back."""
    release.platform.database.ensure(release.app)
    # A number of its own: a later attempt must not take what an earlier one brought back for its own.
    wanted = {"slot": _slot(release, len(read_notes(release)) + 1), "point": f"before-{release.id}"}
    facts = write_note(release, NAME, wanted).facts
    recovery_of(release.settings).hold_log(release.app, facts["slot"])
    speaker()(f"every row from now on can be read again, from slot {facts['slot']}")
    return facts


@stage("let go of the log", tries=3)
def let_go_of_log(release: Release, facts: dict[str, Any]) -> str:
    """At the end of a release, good or bad: a slot that stays holds the primary's disk. Harmless when it is gone."""
    recovery_of(release.settings).let_go_of_log(facts["slot"])
    return "the log is let go of"


@stage("way back: data")
def restore_release_data(release: Release, facts: dict[str, Any]) -> str:
    """The app's data as it was at the restore point, and on top of it the rows that the app wrote since.

    Closes the app's database for the time of the exchange. Raises Rejected when the point cannot be reached or the
    slot was lost; until the exchange nothing of the app's is changed, and it may be run again after any death.
    """
    say = speaker()
    recovery = recovery_of(release.settings)
    file = release.settings.state / "salvage" / release.app / f"{release.id}.jsonl"
    done = recovery.restore_app(release.app, facts["point"], facts["slot"], file, say)
    key = f"releases/{release.app}/{release.id}/salvage.jsonl"
    if file.exists():
        release.platform.objects.put(key, file.read_bytes(), "application/jsonl")
    if done.salvage is None:
        return f"data was back at {facts['point']} already; the damaged data is kept in {done.kept}"
    counts = f"{done.salvage.replayed} rows written since were replayed, {done.salvage.listed} are listed in {key}"
    return f"data back at {facts['point']}: {counts}; the damaged data is kept in {done.kept}"


def _slot(release: Release, number: int) -> str:
    return slot_name(f"release_{release.app}_{release.id}_{number}"[-63:])
