"""Copies that were made because one was due are thinned out; no other goes with them."""

from __future__ import annotations

from infra.database.catalog import Backup
from infra.database.retention import DUE, _needed, _thinned

HOUR, DAY = 3600.0, 86_400.0
NOW = 1_767_225_600.0 + 12 * HOUR  # 2026-01-01 12:00 UTC


def made(name: str, hours_ago: float) -> Backup:
    ended = NOW - hours_ago * HOUR
    return Backup(f"{name}-{hours_ago:g}", name, "1", "18", 1, "0/0", "0/0", ended - 1, ended, 1, (), {})


def test_young_copies_all_stay_and_of_an_older_day_the_last_one_does() -> None:
    backups = [made(f"{DUE}x", hours) for hours in range(96)]  # newest first, as the catalog is
    stay = _thinned(backups, NOW - 2 * DAY)
    assert stay[:49] == backups[:49], "two days back, to the hour"
    # The last hour of 30 December went by 36 hours ago: that day's last is among the young ones.
    assert [one.id for one in stay[49:]] == [f"{DUE}x-61", f"{DUE}x-85"]


def test_copies_that_people_and_releases_made_all_stay_beside_them() -> None:
    backups = sorted(
        [made(f"{DUE}x", hours + 0.5) for hours in range(72, 96)]
        + [made("before-v1", hours) for hours in range(72, 96)],
        key=lambda one: -one.ended,
    )
    stay = _thinned(backups, NOW - 2 * DAY)
    assert sum(one.name == "before-v1" for one in stay) == 24
    assert sum(one.name.startswith(DUE) for one in stay) == 2, "one for each of the two days"


def test_the_newest_before_the_window_is_kept_as_ever() -> None:
    backups = [made(f"{DUE}x", 24 * days) for days in (0, 1, 35, 36)]
    assert _needed(_thinned(backups, NOW - 2 * DAY), NOW - 30 * DAY) == backups[:3]
