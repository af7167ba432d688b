"""No stage acts, forward or back, for an environment that somebody else holds by now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from ramp_world import World

from flows.way_back import go_back
from infra.locks import Lock, this_process
from infra.locks.of_environment import locks_of
from tasks.held import no_longer_held, now_held
from tasks.notes import read_notes, write_note
from tasks.outcomes import LockLost
from tasks.release import Release
from tasks.shift_traffic import NAME


@pytest.fixture
def release(world: World) -> Iterator[Release]:
    source = world.source
    name, app = "v2-fenced", world.platform.app
    yield Release(name, "ramp", app, source.repository, "v2", source.version, "v2", str(source.folder))
    no_longer_held("ramp")


def taken_by_another(release: Release) -> Lock:
    """We were cut off so long that our lock was taken over."""
    locks = locks_of(release.settings)
    ours = locks.acquire(this_process(release.id, "release", release.app, "v2", "a push", "run-1"))
    now_held("ramp", ours)
    locks.release(ours)
    return locks.acquire(replace(ours.holder, name="recovery"))


def test_a_way_back_whose_environment_is_somebody_elses_stops_before_it_touches_anything(release: Release) -> None:
    write_note(release, NAME, {"slot": "green"})
    theirs = taken_by_another(release)
    with pytest.raises(LockLost, match=r"is not ours any more: the release of .* holds it"):
        go_back(release)
    assert not any(note.is_put_back for note in read_notes(release))
    locks_of(release.settings).release(theirs)


def test_without_a_lock_of_ours_nobody_is_asked(release: Release) -> None:
    assert go_back(release) == []
