"""When the scheduled flows fire, in the local time that people live by, across both changes of summer time."""

from __future__ import annotations

import asyncio
import datetime
import itertools
from zoneinfo import ZoneInfo

import pytest
from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule

from deployments.registration.declared import declared_for
from infra.database.retention import DUE
from infra.environment import environment_names, load_environment
from tasks.take_snapshot import DUE_AFTER

HERE = ZoneInfo("Europe/Amsterdam")
SPRING = datetime.datetime(2026, 3, 27, tzinfo=HERE)  # summer time begins on the 29th: 02:00 to 03:00 does not exist
AUTUMN = datetime.datetime(2026, 10, 23, tzinfo=HERE)  # it ends on the 25th: 02:00 to 03:00 comes twice


def firings(flow: str, start: datetime.datetime, environment: str = "production", slug: str = "") -> list[str]:
    """The next ten, as `month-day hour:minute offset from UTC`, by the classes with which Prefect's server plans."""
    (found,) = [one for one in declared_for(load_environment(environment)) if one.flow == flow]
    schedules = found.body["schedules"]
    schedule = schedules[slug]["schedule"] if slug else next(iter(schedules.values()))["schedule"]
    kind = CronSchedule if "cron" in schedule else IntervalSchedule
    dates = asyncio.run(kind.model_validate(schedule).get_dates(n=10, start=start))
    return [f"{date.astimezone(HERE):%m-%d %H:%M %z}" for date in dates]


def test_the_daily_backup_of_the_night_without_two_o_clock_runs_an_hour_early() -> None:
    assert firings("backup", SPRING) == [
        "03-27 02:00 +0100",
        "03-28 02:00 +0100",
        "03-29 01:00 +0100",  # 23 hours after the one before, and 24 before the next: no backup is left out
        "03-30 02:00 +0200",
        "03-31 02:00 +0200",
        "04-01 02:00 +0200",
        "04-02 02:00 +0200",
        "04-03 02:00 +0200",
        "04-04 02:00 +0200",
        "04-05 02:00 +0200",
    ]


def test_the_daily_backup_of_the_night_with_two_o_clock_twice_runs_once() -> None:
    found = firings("backup", AUTUMN)
    assert len({one[:5] for one in found}) == 10
    assert found[:5] == [
        "10-23 02:00 +0200",
        "10-24 02:00 +0200",
        "10-25 02:00 +0200",
        "10-26 02:00 +0100",
        "10-27 02:00 +0100",
    ]


@pytest.mark.parametrize(
    ("start", "day", "before", "after"), [(SPRING, 29, "+0100", "+0200"), (AUTUMN, 25, "+0200", "+0100")]
)
def test_the_nightly_verification_is_after_the_backup_whatever_the_clocks_do(
    start: datetime.datetime, day: int, before: str, after: str
) -> None:
    dates = [(start + datetime.timedelta(days=days)).date() for days in range(10)]
    offsets = [before if date < start.date().replace(day=day) else after for date in dates]
    assert firings("verify-backup", start) == [
        f"{date:%m-%d} 03:30 {offset}" for date, offset in zip(dates, offsets, strict=True)
    ]


@pytest.mark.parametrize("start", [SPRING, AUTUMN])
@pytest.mark.parametrize(("environment", "minutes"), [("local", 10), ("staging", 2), ("production", 2)])
def test_recovery_comes_every_few_minutes_and_skips_no_hour(
    start: datetime.datetime, environment: str, minutes: int
) -> None:
    night = start + datetime.timedelta(days=2, hours=0, minutes=50)
    fired = firings("recover", night, environment)
    found = [datetime.datetime.strptime(f"2026-{one}", "%Y-%m-%d %H:%M %z") for one in fired]
    steps = {later - earlier for earlier, later in itertools.pairwise(found)}
    assert steps == {datetime.timedelta(minutes=minutes)}


@pytest.mark.parametrize("start", [SPRING, AUTUMN])
def test_the_look_at_an_environment_is_after_the_verification_every_night(start: datetime.datetime) -> None:
    assert [one[6:11] for one in firings("look-after", start)] == ["04:30"] * 10


@pytest.mark.parametrize("start", [SPRING, AUTUMN])
def test_whether_a_copy_is_due_is_asked_often_enough_to_keep_the_promise_and_skips_no_hour(
    start: datetime.datetime,
) -> None:
    night = start + datetime.timedelta(days=2, hours=0, minutes=50)
    fired = [
        datetime.datetime.strptime(f"2026-{one}", "%Y-%m-%d %H:%M %z")
        for one in firings("backup", night, slug="when-due")
    ]
    (step,) = {later - earlier for earlier, later in itertools.pairwise(fired)}
    rpo = load_environment("production").backups.rpo_max_seconds
    assert DUE_AFTER * rpo + step.total_seconds() <= 0.75 * rpo, "a quarter is left for the copy itself"


def test_the_runs_that_ask_copy_only_when_due_and_the_daily_one_always() -> None:
    (found,) = [one for one in declared_for(load_environment("production")) if one.flow == "backup"]
    given = {slug: one["parameters"] for slug, one in found.body["schedules"].items()}
    assert given == {"daily": {}, "when-due": {"name": "due", "when_due": True}}
    assert f"{given['when-due']['name']}-" == DUE, "which retention thins out"


def test_every_environment_keeps_the_same_hours_of_what_is_not_recovery() -> None:
    for flow in ("backup", "verify-backup", "look-after", "refresh"):
        assert len({tuple(firings(flow, SPRING, name)) for name in environment_names()}) == 1
