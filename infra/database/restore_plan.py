"""What a restore would take, worked out before anything is fetched: the backup, the log, the way, the settings."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from infra.database.archive import Archive, newest_timeline
from infra.database.catalog import Backup, find_backup, survey
from infra.database.log_segments import (
    SEGMENT_BYTES,
    Branch,
    check_complete,
    is_segment,
    numbered,
    position,
    segment_number,
    segments_between,
)
from infra.database.points import read_point
from infra.database.targets import Target
from infra.errors import Rejected
from infra.objects import StoredObject

_ROOM = 1.1  # for what the replay adds


@dataclass(frozen=True)
class Plan:
    """`settings` tell Postgres where to stop. `skipped` are backups whose records could not be trusted."""

    target: Target
    backup: Backup
    timeline: int
    segments: tuple[str, ...]
    settings: dict[str, str]
    skipped: tuple[str, ...] = ()

    @property
    def needed_bytes(self) -> int:
        """The room that it takes on disk."""
        return int(self.backup.raw_bytes * _ROOM) + 2 * len(self.segments) * SEGMENT_BYTES

    def lines(self) -> list[str]:
        """What a person wants to know before saying yes."""
        ended = datetime.datetime.fromtimestamp(self.backup.ended, datetime.UTC)
        return [
            f"to {self.target}, on timeline {self.timeline}",
            f"from backup {self.backup.id} ({self.backup.name}) of {ended:%Y-%m-%d %H:%M:%S} UTC,"
            f" {self.backup.raw_bytes} bytes",
            f"with {len(self.segments)} segments of the log, {self.segments[0]} to {self.segments[-1]}, all archived",
            f"{self.needed_bytes} bytes of room are needed",
            *(f"a backup was passed over: {reason}" for reason in self.skipped),
        ]


def plan_restore(archive: Archive, target: Target) -> Plan:
    """Raises Rejected when no backup reaches the target or the log on the way has a hole, BadInput for a bad time."""
    if target.kind == "snapshot":
        return _to_snapshot(archive, target)
    if target.kind == "point":
        point = read_point(archive, target.value)
        return _to_position(archive, target, point.lsn, point.timeline)
    if target.kind == "position":
        return _to_position(archive, target, target.value, newest_timeline(archive.log()))
    return _along_the_log(archive, target)


def _to_snapshot(archive: Archive, target: Target) -> Plan:
    backup = find_backup(archive, target.value)
    first, last = (numbered(segment)[1] for segment in (backup.begin_segment, backup.end_segment))
    segments = segments_between(first, last, archive.way_to(backup.timeline))
    check_complete(segments, archive.log())
    return Plan(target, backup, backup.timeline, tuple(segments), {"recovery_target": "immediate"})


def _to_position(archive: Archive, target: Target, lsn: str, timeline: int) -> Plan:
    """Up to a position: the record that begins there is not replayed any more, but it has to be there."""
    way = archive.way_to(timeline)
    backup, skipped = _choose(archive, way, lambda one: position(one.end_lsn) <= position(lsn), target)
    segments = _segments(backup, segment_number(position(lsn)), way)
    check_complete(segments, archive.log())
    settings = {"recovery_target_lsn": lsn, "recovery_target_inclusive": "off"}
    return Plan(target, backup, timeline, tuple(segments), settings, skipped)


def _along_the_log(archive: Archive, target: Target) -> Plan:
    """To a time or as far as the log goes: everything archived on the newest timeline, without a hole."""
    log = archive.log()
    timeline = newest_timeline(log)
    way = archive.way_to(timeline)
    until = target.time if target.kind == "time" else float("inf")
    backup, skipped = _choose(archive, way, lambda one: one.ended <= until, target)
    segments = _segments(backup, _newest_number(log, way), way)
    check_complete(segments, log)
    settings = {}
    if target.kind == "time":
        # Postgres writes and reads times with a zone of its own; UTC leaves nothing to guess.
        moment = datetime.datetime.fromtimestamp(until, datetime.UTC)
        settings = {"recovery_target_time": moment.isoformat(sep=" "), "recovery_target_inclusive": "on"}
    return Plan(target, backup, timeline, tuple(segments), settings, skipped)


def _choose(
    archive: Archive, way: Sequence[Branch], reaches: Callable[[Backup], bool], target: Target
) -> tuple[Backup, tuple[str, ...]]:
    backups, problems = survey(archive)
    for backup in backups:
        if _is_on(backup, way) and reaches(backup):
            return backup, tuple(problem.message for problem in problems)
    said = "; ".join(problem.message for problem in problems)
    raise Rejected(
        f"no backup reaches {target}: of {len(backups)} that can be trusted, none was whole by then"
        + (f"; passed over: {said}" if said else ""),
        "choose a later target; `pipeline backups` lists what there is",
    )


def _is_on(backup: Backup, way: Sequence[Branch]) -> bool:
    """Whether a backup was made on one of the timelines that lead to the target, before the next one left it."""
    return any(
        backup.timeline == branch.timeline and (branch.until is None or position(backup.end_lsn) <= branch.until)
        for branch in way
    )


def _segments(backup: Backup, last: int, way: Sequence[Branch]) -> list[str]:
    first = numbered(backup.begin_segment)[1]
    return segments_between(first, max(last, numbered(backup.end_segment)[1]), way)


def _newest_number(log: Mapping[str, StoredObject], way: Sequence[Branch]) -> int:
    timelines = {branch.timeline for branch in way}
    found = [numbered(name) for name in log if is_segment(name)]
    return max((number for timeline, number in found if timeline in timelines), default=0)
