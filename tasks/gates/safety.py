"""Gates on the world: that data is protected now, that there is room, that the hour is right."""

from __future__ import annotations

import datetime
import zoneinfo

from infra.database import DatabaseHealth
from infra.environment import PeakHours
from tasks.outcomes import GateClosed

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def check_standby(health: DatabaseHealth, limit_bytes: int) -> str:
    """Open when a standby follows closely: it is where we go when the primary dies."""
    if not health.has_standby:
        return "whoever keeps the database keeps its second copy, out of our sight"
    if not health.standby_connected:
        raise GateClosed("standby: not connected")
    if health.standby_lag_bytes > limit_bytes:
        raise GateClosed(f"standby: {health.standby_lag_bytes} bytes behind, over {limit_bytes}")
    return f"{health.standby_lag_bytes} bytes behind, limit {limit_bytes}"


def check_archive(health: DatabaseHealth, limit_seconds: int) -> str:
    """Open when the log reaches the archive: without it there is no return to a moment."""
    if health.archive_failing:
        raise GateClosed(f"archive: the last attempt to archive failed; last archived {health.last_archived_wal}")
    if health.unarchived_seconds > limit_seconds:
        raise GateClosed(f"archive: {health.unarchived_seconds:.0f} s not archived, over {limit_seconds} s")
    return f"{health.unarchived_seconds:.0f} s not archived yet, limit {limit_seconds} s"


def check_room(free_bytes: int, needed_bytes: int) -> str:
    """Open when the disk has room for the work ahead."""
    if free_bytes < needed_bytes:
        raise GateClosed(f"disk: {free_bytes >> 20} MiB free under {needed_bytes >> 20} MiB")
    return f"{free_bytes >> 20} MiB free, at least {needed_bytes >> 20} MiB"


def check_peak_hours(now: datetime.datetime, peak: PeakHours | None) -> str:
    """Open outside peak hours, by the clock of the people who use the app. `now` is aware of its zone."""
    if peak is None:
        return "no peak hours are set"
    local = now.astimezone(zoneinfo.ZoneInfo(peak.zone))
    busy = _DAYS[local.weekday()] in peak.days and peak.start_hour <= local.hour < peak.end_hour
    span = f"{', '.join(peak.days)} {peak.start_hour:02d}:00-{peak.end_hour:02d}:00 {peak.zone}"
    if busy:
        raise GateClosed(f"peak hours: {local:%a %H:%M} is within {span}")
    return f"{local:%a %H:%M} is outside {span}"
