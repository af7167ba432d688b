"""Places a person's hold on a release in flight, or ends one."""

from __future__ import annotations

from tasks.holds import Hold, lift_hold, place_hold
from tasks.records import Record
from tasks.release import speaker
from tasks.stage import stage


@stage("place hold", tries=3)
def hold_release(record: Record, reason: str, who: str) -> Hold:
    """The ramp keeps its weight from its next look on. Raises BadInput without a reason or a name."""
    release = record.release
    hold = place_hold(release.platform.objects, release.app, release.id, reason, who)
    speaker()(f"{release.id} is {hold}")
    return hold


@stage("end hold", tries=3)
def let_release_go_on(record: Record, reason: str, who: str) -> Hold:
    """The ramp goes on from its next look on. Raises BadInput when nothing holds it."""
    release = record.release
    hold = lift_hold(release.platform.objects, release.app, release.id, reason, who)
    speaker()(f"{release.id} goes on, says {hold.lifted_by}; it was {hold}")
    return hold
