"""A Vercel twin's state in the shapes of Vercel's answers. Times are milliseconds since the epoch."""

from __future__ import annotations

from typing import Any

from deployments.twins.vercel_state import Deployed, Production, Rolling

CREATOR = {"uid": "96SnxkFiMyVKsK3pnoHfx3Hz", "username": "somebody"}
BILLING: dict[str, dict[str, Any]] = {
    "hobby": {"availableSlots": 0, "reason": "plan_not_supported", "message": "Rolling releases need a paid plan"},
    "enterprise": {"availableSlots": "unlimited", "reason": "unlimited_slots", "message": "Unlimited"},
}


def deployment(one: Deployed, project: str, team: str, plan: str) -> dict[str, Any]:
    """As `GET /v13/deployments/{id}` answers."""
    created = milliseconds(one.created)
    found: dict[str, Any] = {
        "id": one.id,
        "name": one.name,
        "url": one.site.host,
        "readyState": one.phase,
        "status": one.phase,
        "target": one.target,
        "meta": one.meta,
        "createdAt": created,
        "buildingAt": created,
        "bootedAt": created,
        "aliasAssigned": one.substate == "PROMOTED",
        "alias": [],
        "autoAssignCustomDomains": one.takes_domains,
        "projectId": project,
        "ownerId": team,
        "team": {"id": team, "name": "Team", "slug": "team"},
        "creator": CREATOR,
        "build": {"env": []},
        "env": sorted(one.env),
        "inspectorUrl": f"https://vercel.com/team/{one.name}/{one.id}",
        "isInConcurrentBuildsQueue": False,
        "isInSystemBuildsQueue": False,
        "projectSettings": {},
        "buildSkipped": False,
        "public": False,
        "type": "LAMBDAS",
        "regions": ["fra1"],
        "version": 2,
        "plan": plan,
        "createdIn": "fra1",
        "routes": None,
    }
    return {**found, **_optional(one)}


def listed(one: Deployed, project: str) -> dict[str, Any]:
    """As `GET /v6/deployments` lists it."""
    found: dict[str, Any] = {
        "uid": one.id,
        "name": one.name,
        "projectId": project,
        "url": one.site.host,
        "created": milliseconds(one.created),
        "createdAt": milliseconds(one.created),
        "state": one.phase,
        "readyState": one.phase,
        "type": "LAMBDAS",
        "creator": CREATOR,
        "inspectorUrl": f"https://vercel.com/team/{one.name}/{one.id}",
        "target": one.target,
        "meta": one.meta,
        "isRollbackCandidate": one.substate == "PROMOTED",
    }
    return {**found, **_optional(one)}


def _optional(one: Deployed) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if one.ready_substate:
        found["readySubstate"] = one.ready_substate
    if one.phase == "ERROR":
        found |= {"errorCode": "BUILD_FAILED", "errorMessage": 'Command "npm run build" exited with 1'}
    return found


def project(state: Production, name: str, project: str, team: str) -> dict[str, Any]:
    """As `GET /v9/projects/{idOrName}` answers."""
    functions = {"functionDefaultRegions": ["fra1"]}
    found: dict[str, Any] = {
        "id": project,
        "name": name,
        "accountId": team,
        "directoryListing": False,
        "nodeVersion": "22.x",
        "resourceConfig": functions,
        "defaultResourceConfig": functions,
        "autoAssignCustomDomains": state.assigns_domains,
        "lastAliasRequest": None,
    }
    if state.job:
        job = state.job
        found["lastAliasRequest"] = {
            "type": job.type,
            "jobStatus": job.status,
            "requestedAt": milliseconds(job.requested),
            "fromDeploymentId": job.before,
            "toDeploymentId": job.after,
        }
    if state.config is not None:
        found["rollingRelease"] = configuration(state)["rollingRelease"]
    return found


def configuration(state: Production) -> dict[str, Any]:
    """As the rolling release configuration's calls answer."""
    if state.config is None:
        return {"rollingRelease": None}
    manual = state.config["advancementType"] != "automatic"
    given = state.config["stages"]
    assert isinstance(given, list)
    stages = [{**stage, "requireApproval": manual and stage["targetPercentage"] < 100} for stage in given]
    return {"rollingRelease": {"target": "production", "stages": stages}}


def rolling_release(state: Production) -> dict[str, Any]:
    """As the rolling release's calls answer."""
    rolling = state.rolling
    if rolling is None:
        return {"rollingRelease": None}
    is_on = rolling.state == "ACTIVE"
    stages = [stage(rolling, index) for index in range(len(rolling.stages))]
    following = rolling.active + 1
    return {
        "rollingRelease": {
            "state": rolling.state,
            "substate": None,
            "currentDeployment": _brief(state.deployments[rolling.base]),
            "canaryDeployment": _brief(state.deployments[rolling.canary]),
            "queuedDeploymentId": rolling.queued,
            "advancementType": "automatic" if rolling.automatic else "manual-approval",
            "stages": stages,
            "activeStage": None if rolling.state == "ABORTED" else stages[rolling.active],
            "nextStage": stages[following] if is_on and following < len(stages) else None,
            "startedAt": milliseconds(rolling.started),
            "updatedAt": milliseconds(rolling.started),
        }
    }


def stage(rolling: Rolling, index: int) -> dict[str, Any]:
    """One stage of a rolling release."""
    percent = rolling.stages[index]
    manual = not rolling.automatic and percent < 100
    return {
        "index": index,
        "isFinalStage": percent == 100,
        "targetPercentage": percent,
        "requireApproval": manual,
        "duration": None,
    }


def billing(state: Production) -> dict[str, Any]:
    """Whether the plan has rolling releases."""
    if state.plan in BILLING:
        return BILLING[state.plan]
    slots = 1 if state.slots is None else state.slots
    if slots == 0:
        message = "All slots are taken"
        return {"availableSlots": 0, "reason": "no_available_slots", "message": message, "enabledProjects": ["other"]}
    return {"availableSlots": slots, "reason": "available_slots", "message": "Slots are available"}


def event(one: Deployed, number: int, text: str, kind: str = "stdout") -> dict[str, Any]:
    """One line of a build's log."""
    moment = milliseconds(one.created) + number
    return {
        "type": kind,
        "created": moment,
        "date": moment,
        "deploymentId": one.id,
        "id": f"{one.id}-{number}",
        "text": text,
        "info": {"type": "build", "name": "bld_1"},
        "serial": str(number),
    }


def _brief(one: Deployed) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "url": one.site.host,
        "target": one.target,
        "createdAt": milliseconds(one.created),
        "readyState": one.phase,
    }


def milliseconds(seconds: float) -> int:
    """As Vercel counts time."""
    return int(seconds * 1000)
