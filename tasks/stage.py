"""Turns a function into a stage: a task with a name that people read, repeated only after silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from infra.errors import Unreachable

P = ParamSpec("P")
R = TypeVar("R")
DELAYS_SECONDS = [1.0, 3.0, 8.0]


def stage(name: str, *, run_name: str = "", tries: int = 1) -> Callable[[Callable[P, R]], Task[P, R]]:
    """A task called `name`; `run_name` may use the parameters (`canary {weight} %`).

    `tries` above 1 repeats after Unreachable only: a no stays a no, and what may have happened is read back
    first. The default cache policy would skip a second identical stage of a run without executing it, so
    nothing is cached.
    """

    def wrap(function: Callable[P, R]) -> Task[P, R]:
        decorate = task(
            name=name,
            task_run_name=run_name or name,
            cache_policy=NO_CACHE,
            retries=tries - 1,
            retry_delay_seconds=DELAYS_SECONDS[: max(tries - 1, 1)],
            retry_jitter_factor=0.3,
            retry_condition_fn=_was_silence,
        )
        return decorate(function)

    return wrap


def _was_silence(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    result = state.result(raise_on_failure=False)
    return isinstance(result, Unreachable)
