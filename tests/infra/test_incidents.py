"""An incident under one key is open once, however often it is opened, until it is over; the next one is a new one."""

from __future__ import annotations

from infra.incidents import Incident
from infra.incidents.stored import StoredIncidents
from infra.objects import Objects

KEY = "schema-drift-here"


def test_it_is_open_once_over_once_and_then_another_one(store_of_the_session: Objects) -> None:
    incidents = StoredIncidents(store_of_the_session)
    assert not incidents.resolve(KEY), "there is none"
    first = incidents.open(Incident(KEY, "P3", "first", "", 1.0))
    assert incidents.open(Incident(KEY, "P2", "again", "", 2.0)) == first
    assert (incidents.resolve(KEY), incidents.resolve(KEY)) == (True, False)
    ended = incidents.find(KEY)
    assert ended is not None
    assert (ended.title, ended.resolved is not None) == ("first", True)
    assert incidents.open(Incident(KEY, "P3", "second", "", 3.0)).title == "second"
