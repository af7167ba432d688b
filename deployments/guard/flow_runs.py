"""What the guard asks Prefect: which runs are under way, by which process, and that a dead one be shown as such."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deployments.prefect_api import FINAL, PrefectApi
from infra.errors import Rejected

UNDER_WAY = ["PENDING", "RUNNING", "CANCELLING"]
AT_ONCE = 200  # the server's own limit of one page


@dataclass(frozen=True)
class Under:
    """A run that Prefect believes to be under way.

    `process` is `<pid>` or `<host>:<pid>`, empty when nobody told Prefect. `since` is when it got this state, in
    seconds since the epoch. `parent` is the task run that called it as a subflow.
    """

    id: str
    name: str
    type: str
    state: str
    process: str
    since: float
    parent: str


class FlowRuns(PrefectApi):
    """Raises Unreachable, BadInput and Rejected like its base."""

    def under_way(self) -> list[Under]:
        """The oldest first, at most 200."""
        asked = {
            "flow_runs": {"state": {"type": {"any_": UNDER_WAY}}},
            "sort": "START_TIME_ASC",
            "limit": AT_ONCE,
        }
        return [_under(row) for row in self._ask("POST", "/flow_runs/filter", asked)]

    def has_in_flight(self, flow: str, deployment: str, now: float) -> bool:
        """Whether a run of it is under way or should have begun; those that a schedule plans for later do not count."""
        asked = {
            "flows": {"name": {"any_": [flow]}},
            "deployments": {"name": {"any_": [deployment]}},
            "flow_runs": {"state": {"type": {"any_": [*UNDER_WAY, "SCHEDULED"]}}},
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": AT_ONCE,
        }
        rows = self._ask("POST", "/flow_runs/filter", asked)
        return any(
            row["state_type"] != "SCHEDULED" or _seconds(row["next_scheduled_start_time"]) <= now for row in rows
        )

    def is_task_over(self, task: str) -> bool:
        """Whether the flow run around a task run has ended."""
        around = self._ask("GET", f"/task_runs/{task}")["flow_run_id"]
        return self.flow_run(around).type in FINAL if around else False

    def end_as_dead(self, run: Under, message: str) -> None:
        """Crashed, or Cancelled where that is what was asked for. The server keeps a run that has ended as it is."""
        kind = "CANCELLED" if run.type == "CANCELLING" else "CRASHED"
        state = {"type": kind, "name": kind.title(), "message": message}
        answer = self._ask("POST", f"/flow_runs/{run.id}/set_state", {"state": state})
        if answer["status"] not in ("ACCEPT", "ABORT"):
            raise Rejected(f"Prefect did not take {kind} for {run.name} ({run.id}): {answer}")


def _under(row: dict[str, Any]) -> Under:
    state = row["state"]
    return Under(
        row["id"],
        row["name"],
        row["state_type"],
        state["id"],
        row.get("infrastructure_pid") or "",
        _seconds(state["timestamp"]),
        row.get("parent_task_run_id") or "",
    )


def _seconds(moment: str | None) -> float:
    """Since the epoch; 0 for none."""
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp() if moment else 0.0
