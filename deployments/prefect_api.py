"""The few calls that the command line makes to Prefect's API, without importing Prefect (which costs seconds)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from deployments.prefect_wire import PrefectWire
from infra.errors import BadInput, Unknown

FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@dataclass(frozen=True)
class FlowRun:
    """A flow run as the server sees it now. `outcome` is its state's name, such as RolledBack."""

    id: str
    name: str
    type: str
    outcome: str
    message: str
    seconds: float

    @property
    def is_over(self) -> bool:
        """Whether its state is final."""
        return self.type in FINAL


@dataclass(frozen=True)
class TaskRun:
    """One stage of a flow run."""

    id: str
    name: str
    type: str
    outcome: str
    tries: int
    started: str
    seconds: float


@dataclass(frozen=True)
class LogLine:
    """One line of a flow run's log. `task` is the task run's id, empty for the flow's own lines."""

    time: str
    level: int
    text: str
    task: str


class PrefectApi:
    """`url` ends in /api."""

    def __init__(self, url: str, timeout_seconds: float = 20) -> None:
        self._url = url
        self._wire = PrefectWire(url, timeout_seconds)

    def start(self, flow: str, deployment: str, parameters: dict[str, Any]) -> FlowRun:
        """A new run of `flow/deployment`. Raises Unreachable, or BadInput when the server refuses a parameter."""
        return self.create(self.deployment(flow, deployment), parameters)

    def deployment(self, flow: str, deployment: str) -> str:
        """Its id. Raises BadInput when it is not registered."""
        found = self._ask("GET", f"/deployments/name/{flow}/{deployment}")
        with _understood("deployment"):
            return str(found["id"])

    def create(self, deployment: str, parameters: dict[str, Any], key: str = "") -> FlowRun:
        """A new run; with a `key`, the run that was created with it before, if there is one."""
        asked = {"parameters": parameters} | ({"idempotency_key": key} if key else {})
        return _flow_run(self._ask("POST", f"/deployments/{deployment}/create_flow_run", asked))

    def started_with(self, key: str) -> FlowRun | None:
        """The run that was started with this key."""
        asked = {"flow_runs": {"idempotency_key": {"any_": [key]}}, "limit": 1}
        rows = self._ask("POST", "/flow_runs/filter", asked)
        with _understood("flow runs"):
            return _flow_run(rows[0]) if rows else None

    def cancel(self, run: str) -> FlowRun:
        """Have the process of a run told to stop, as the UI's Cancel does; a run that is over stays as it is."""
        state = {"type": "CANCELLING", "message": "cancelled by whoever started it"}
        self._ask("POST", f"/flow_runs/{run}/set_state", {"state": state})
        return self.flow_run(run)

    def flow_run(self, run: str) -> FlowRun:
        """As it is now. Raises Unknown when the answer is about another run."""
        found = _flow_run(self._ask("GET", f"/flow_runs/{run}"))
        if found.id.replace("-", "") != run.replace("-", "").lower():
            raise Unknown(f"asked for flow run {run}, Prefect at {self._url} spoke of {found.id}", "ask again")
        return found

    def find_flow_run(self, run: str) -> FlowRun:
        """By id, or the newest of that name. Raises BadInput when there is none."""
        try:
            uuid.UUID(run)
        except ValueError:
            asked = {"flow_runs": {"name": {"any_": [run]}}, "sort": "START_TIME_DESC", "limit": 1}
            rows = self._ask("POST", "/flow_runs/filter", asked)
            if not rows:
                raise BadInput(
                    "run", f"no flow run is called {run!r}", "give its id, as in the page's address"
                ) from None
            return _flow_run(rows[0])
        return self.flow_run(run)

    def retry(self, run: str) -> FlowRun:
        """Schedule a finished run once more, exactly as the UI's Retry does. Raises BadInput while it is not over."""
        found = self.flow_run(run)
        if not found.is_over:
            raise BadInput("run", f"{found.name} is {found.outcome}, so there is nothing to retry", "wait for its end")
        state = {"type": "SCHEDULED", "name": "AwaitingRetry", "message": "retried by a person"}
        self._ask("POST", f"/flow_runs/{run}/set_state", {"state": state, "force": True})
        return self.flow_run(run)

    def task_runs(self, run: str) -> list[TaskRun]:
        """Its stages so far, in the order they began."""
        rows = self._ask("POST", "/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}, "limit": 200})
        with _understood("task runs"):
            return sorted((_task_run(row) for row in rows), key=lambda task: task.started or "9")

    def log(self, run: str, skip: int) -> list[LogLine]:
        """Lines after the first `skip`, oldest first."""
        asked = {
            "logs": {"flow_run_id": {"any_": [run]}},
            "sort": "TIMESTAMP_ASC",
            "offset": skip,
            "limit": 200,
        }
        rows = self._ask("POST", "/logs/filter", asked)
        with _understood("log"):
            return [
                LogLine(str(r["timestamp"]), int(r["level"]), str(r["message"]), r["task_run_id"] or "") for r in rows
            ]

    def page(self, run: str) -> str:
        """Where a person looks at it."""
        return f"{self._url.removesuffix('/api')}/runs/flow-run/{run}"

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._wire.ask(method, path, body)


@contextmanager
def _understood(what: str) -> Iterator[None]:
    """An answer of another shape is no answer."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        problem = f"what came back as {what} is not what Prefect says ({type(error).__name__}: {error})"
        raise Unknown(problem, "is that Prefect's API, and of the version that this was built for?") from error


def _flow_run(row: dict[str, Any]) -> FlowRun:
    with _understood("flow run"):
        state = row.get("state") or {}
        return FlowRun(
            str(row["id"]),
            str(row["name"]),
            str(row.get("state_type") or "PENDING"),
            str(row.get("state_name") or ""),
            str(state.get("message") or ""),
            float(row.get("total_run_time") or row.get("estimated_run_time") or 0.0),
        )


def _task_run(row: dict[str, Any]) -> TaskRun:
    return TaskRun(
        str(row["id"]),
        str(row["name"]),
        str(row.get("state_type") or "PENDING"),
        str(row.get("state_name") or ""),
        int(row.get("run_count") or 0),
        str(row.get("start_time") or ""),
        float(row.get("total_run_time") or row.get("estimated_run_time") or 0.0),
    )
