"""What runs by itself: the deployments with their schedules, and a verification that the scheduler started."""

from __future__ import annotations

import datetime
import time

import httpx

from deployments.pictures.studio import PATIENCE_MS, Studio
from infra.errors import Rejected


def play(place: Studio) -> None:
    """A backup is made and, a moment later, verified by a schedule of its own, which is removed again."""
    place.open("/deployments", "Items per page")
    place.page.get_by_placeholder("Search deployments").fill("backup")
    place.page.get_by_text("verify-backup").first.wait_for(timeout=PATIENCE_MS)
    place.shoot("schedules")
    place.open(f"/deployments/deployment/{place.deployment('verify-backup')}", "Schedules")
    place.shoot("schedule")
    snapshot = place.api.start("backup", place.environment, {"environment": place.environment})
    place.until(snapshot.id, "Completed")
    run = _by_schedule(place, "verify-backup")
    place.until(run, "Proven")
    place.open(f"/runs/flow-run/{run}", "Proven")
    place.shoot("scheduled-verification")


def _by_schedule(place: Studio, flow: str) -> str:
    """The run that the scheduler made for a second in the near future."""
    deployment = place.deployment(flow)
    second = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=75)  # the scheduler looks once a minute
    once = {"rrule": f"DTSTART:{second:%Y%m%dT%H%M%SZ}\nRRULE:FREQ=DAILY;COUNT=1", "timezone": "UTC"}
    with httpx.Client(base_url=f"{place.url}/api", timeout=30) as server:
        body = [{"active": True, "schedule": once}]
        made = server.post(f"/deployments/{deployment}/schedules", json=body).raise_for_status().json()[0]["id"]
        try:
            return _run_of(server, deployment)
        finally:
            server.delete(f"/deployments/{deployment}/schedules/{made}").raise_for_status()


def _run_of(server: httpx.Client, deployment: str) -> str:
    asked = {
        "flow_runs": {"state": {"type": {"any_": ["PENDING", "RUNNING", "COMPLETED"]}}},
        "deployments": {"id": {"any_": [deployment]}},
        "sort": "START_TIME_DESC",
    }
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        for row in server.post("/flow_runs/filter", json=asked).raise_for_status().json():
            if row["auto_scheduled"]:
                return str(row["id"])
        time.sleep(1)
    raise Rejected("the scheduler started no run within 300 s", "is its service running?")
