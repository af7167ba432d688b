"""Which ends of which runs start what: asked of the rules by which Prefect's server matches events."""

from __future__ import annotations

import datetime

import pytest
from prefect.server.events.schemas.automations import EventTrigger
from prefect.server.events.schemas.events import ReceivedEvent

from deployments.registration import automation_table
from deployments.registration.automation_table import Automation, automations_for
from deployments.registration.declared import declared_for, our_tag
from infra.environment import Environment

AWAY = Environment(name="acceptance", kind="staging")
TAGS = {one.flow: one.body["tags"] for one in declared_for(AWAY)}
CLIENTS_ARE_BACK_SECONDS = 254  # the seventh try of Prefect's client: 2 + 4 ... + 128


def event(name: str, flow: str) -> ReceivedEvent:
    related = [{"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"} for tag in TAGS[flow]]
    now = datetime.datetime.now(datetime.UTC)
    return ReceivedEvent.model_validate(
        {
            "event": f"prefect.flow-run.{name}",
            "resource": {"prefect.resource.id": "prefect.flow-run.1"},
            "related": related,
            "occurred": now,
            "received": now,
            "id": "00000000-0000-0000-0000-000000000001",
        }
    )


def trigger_of(automation: Automation) -> EventTrigger:
    return EventTrigger.model_validate(automation.trigger)


def started_by(name: str, flow: str) -> set[str]:
    """The automations that answer an event at once, or begin to wait."""
    triggers = {one.name.split(": ")[1]: trigger_of(one) for one in automations_for(AWAY, our_tag())}
    seen = event(name, flow)
    return {
        name
        for name, trigger in triggers.items()
        if trigger.covers(seen) and (trigger.starts_after(seen.event) if trigger.after else trigger.expects(seen.event))
    }


def named(words: str) -> EventTrigger:
    return next(trigger_of(one) for one in automations_for(AWAY, our_tag()) if words in one.name)


@pytest.mark.parametrize("name", ["Late", "Crashed", "Failed", "Refused", "Running"])
@pytest.mark.parametrize("flow", ["tell", "refresh"])
def test_a_message_breeds_no_message_whatever_happens_to_it(flow: str, name: str) -> None:
    assert started_by(name, flow) == set()


def test_a_preview_that_ends_badly_or_does_not_begin_is_told_and_starts_no_recovery() -> None:
    assert started_by("Crashed", "preview") == {"a bad end is told"}
    assert started_by("Late", "preview") == {"a run that does not begin is told"}
    assert started_by("Running", "preview") == {"a silent run is shown as crashed"}


@pytest.mark.parametrize("flow", ["backup", "verify-backup", "restore", "abort", "rollback"])
@pytest.mark.parametrize("name", ["Refused", "GateClosed", "OlderBackupDamaged"])
def test_a_backup_or_a_way_back_that_did_nothing_is_told(flow: str, name: str) -> None:
    assert started_by(name, flow) == {"a backup or way back that did nothing is told"}


def test_a_release_tells_of_its_closed_gate_itself() -> None:
    assert started_by("GateClosed", "release") == set()


@pytest.mark.parametrize("name", ["Refused", "WayBackFailed", "Crashed"])
def test_a_recovery_that_always_ends_badly_is_told_once_an_hour(name: str) -> None:
    assert started_by(name, "recover") == {"a recovery that ends badly is told once an hour"}
    trigger = named("once an hour")
    assert trigger.for_each == {"related:deployment:prefect.resource.id"}
    assert trigger.within == datetime.timedelta(hours=1)


def test_a_run_that_dies_before_it_begins_is_heard_of() -> None:
    assert "a silent run is shown as crashed" in started_by("Pending", "release")
    assert not named("does not begin is told").expects("prefect.flow-run.Pending")


def test_a_server_that_is_away_for_minutes_makes_no_run_seem_dead() -> None:
    assert named("silent run").within.total_seconds() > 2 * CLIENTS_ARE_BACK_SECONDS


def test_runs_of_a_recovery_that_nobody_takes_do_not_pile_up() -> None:
    assert started_by("Late", "recover") == {"a recovery that does not begin makes room for the next"}
    trigger = named("makes room for the next")
    assert all(trigger.expects(name) for name in automation_table.ALIVE)  # one that was taken is left alone
