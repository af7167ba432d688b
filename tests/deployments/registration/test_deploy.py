"""A real Prefect server is made to have what is declared."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from deployments.registration.changes import Change
from deployments.registration.declared import declared_for, our_tag
from deployments.registration.deploy import make, steps_for
from deployments.registration.flow_deployments import deployments_there
from deployments.registration.registry import Registry
from infra.environment import Environment
from infra.errors import BadInput

pytestmark = [pytest.mark.platform, pytest.mark.slow]


def changes_of(environment: Environment) -> list[Change]:
    return [step.change for step in steps_for(environment)]


def rows(environment: Environment) -> dict[str, Any]:
    return deployments_there(Registry(environment.prefect_url), environment.name)


def test_after_it_every_flow_is_there_as_declared(elsewhere: Environment) -> None:
    there = rows(elsewhere)
    assert set(there) == {one.full_name for one in declared_for(elsewhere)}
    backup = there["backup/acceptance"]
    given = {one["slug"]: one["parameters"] for one in backup["schedules"]}
    assert given == {"daily": {}, "when-due": {"name": "due", "when_due": True}}
    assert backup["work_pool_name"] == "acceptance"
    assert backup["parameters"] == {"environment": "acceptance"}


def test_a_second_time_there_is_nothing_to_do_and_nothing_is_touched(elsewhere: Environment) -> None:
    before = {name: row["updated"] for name, row in rows(elsewhere).items()}
    steps = steps_for(elsewhere)
    make(steps, print)
    assert steps == []
    assert {name: row["updated"] for name, row in rows(elsewhere).items()} == before


def test_what_somebody_changed_by_hand_is_shown_field_by_field_and_put_right(elsewhere: Environment) -> None:
    registry, backup = Registry(elsewhere.prefect_url), rows(elsewhere)["backup/acceptance"]
    registry.send("PATCH", f"/deployments/{backup['id']}", {"description": "mine", "concurrency_limit": 3})
    (schedule,) = [one for one in backup["schedules"] if one["slug"] == "daily"]
    registry.send("PATCH", f"/deployments/{backup['id']}/schedules/{schedule['id']}", {"active": False})
    (change,) = changes_of(elsewhere)
    assert (change.kind, change.name, change.act) == ("deployment", "backup/acceptance", "change")
    assert {(one.field, one.before, one.after) for one in change.differences} >= {
        ("concurrency.limit", "3", "null"),
        ("schedules.daily.active", "false", "true"),
    }
    make(steps_for(elsewhere), print)
    assert changes_of(elsewhere) == []
    assert rows(elsewhere)["backup/acceptance"]["id"] == backup["id"]


def test_what_somebody_paused_is_shown_and_set_going_again(elsewhere: Environment) -> None:
    registry, backup = Registry(elsewhere.prefect_url), rows(elsewhere)["backup/acceptance"]
    registry.send("PATCH", f"/deployments/{backup['id']}", {"paused": True})
    registry.send("PATCH", "/work_pools/acceptance", {"is_paused": True})
    changes = {(one.name, *((d.field, d.before, d.after) for d in one.differences)) for one in changes_of(elsewhere)}
    assert changes == {
        ("acceptance", ("is_paused", "true", "false")),
        ("backup/acceptance", ("paused", "true", "false")),
    }
    make(steps_for(elsewhere), print)
    assert changes_of(elsewhere) == []


def test_what_a_person_set_in_the_pools_template_is_theirs(elsewhere: Environment) -> None:
    registry = Registry(elsewhere.prefect_url)
    pool = registry.find("/work_pools/acceptance")
    assert pool
    theirs = copy.deepcopy(pool["base_job_template"])
    theirs["variables"]["properties"]["working_dir"]["default"] = "/srv"
    registry.send("PATCH", "/work_pools/acceptance", {"base_job_template": theirs, "is_paused": True})
    make(steps_for(elsewhere), print)
    assert (registry.find("/work_pools/acceptance") or {})["base_job_template"] == theirs
    registry.send("PATCH", "/work_pools/acceptance", {"base_job_template": pool["base_job_template"]})


def test_what_carries_our_tag_and_is_declared_no_more_goes_and_nothing_else(elsewhere: Environment) -> None:
    registry = Registry(elsewhere.prefect_url)
    flow = registry.post("/flows/", {"name": "somebody's own"})
    for tags in ([our_tag(), "acceptance"], ["acceptance"]):
        name = registry.post("/flows/", {"name": f"flow of {len(tags)} tags"})["id"]
        registry.post("/deployments/", {"name": "acceptance", "flow_id": name, "tags": tags})
    registry.post("/deployments/", {"name": "other", "flow_id": flow["id"], "tags": [our_tag(), "other"]})
    (change,) = changes_of(elsewhere)
    assert (change.act, change.name) == ("remove", "flow of 2 tags/acceptance")
    make(steps_for(elsewhere), print)
    there = rows(elsewhere)
    assert "flow of 1 tags/acceptance" in there
    assert "flow of 2 tags/acceptance" not in there
    registry.send("DELETE", f"/deployments/{there['flow of 1 tags/acceptance']['id']}")
    assert deployments_there(registry, "other")


def test_stopped_in_between_the_next_time_does_the_rest(elsewhere: Environment) -> None:
    registry = Registry(elsewhere.prefect_url)
    for row in rows(elsewhere).values():
        registry.send("DELETE", f"/deployments/{row['id']}")
    for row in registry.all_of("automations"):
        if elsewhere.name in row["tags"]:
            registry.send("DELETE", f"/automations/{row['id']}")
    steps = steps_for(elsewhere)
    make(steps[:4], print)
    make(steps[3:5], print)  # killed after the server did it and before anybody knew
    assert [one.name for one in changes_of(elsewhere)] == [step.change.name for step in steps[5:]]
    make(steps[5:-1], print)
    assert [one.name for one in changes_of(elsewhere)] == [steps[-1].change.name]
    make(steps_for(elsewhere), print)
    assert changes_of(elsewhere) == []


def test_a_pool_of_another_type_is_named_and_nothing_is_changed(started_platform: Environment) -> None:
    environment = Environment(name="foreign", kind="staging", prefect_api=started_platform.prefect_url)
    registry = Registry(environment.prefect_url)
    registry.post("/work_pools/", {"name": "foreign", "type": "docker"})
    with pytest.raises(BadInput, match="of type docker"):
        steps_for(environment)
    assert deployments_there(registry, "foreign") == {}


def test_the_local_platform_registered_itself(started_platform: Environment) -> None:
    assert changes_of(started_platform) == []
