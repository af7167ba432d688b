"""Turns a function into a stage: a task with a name that people read, repeated only after silence.

A stage of a release's journey leaves what it found in the object store. After Retry it is taken over instead of
done again, provided that what it says of the world is still true.
"""

from __future__ import annotations

import functools
import inspect
import time
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar, cast

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.states import Completed

from infra.errors import PipelineError, Unreachable
from tasks.attempt import Attempt, Kept, attempt_of, restored
from tasks.code_review import tell_instead, told
from tasks.held import check_still_held
from tasks.records import note_stage
from tasks.release import Release, speaker

P = ParamSpec("P")
R = TypeVar("R")
DELAYS_SECONDS = [1.0, 3.0, 8.0]
NOT_SKIPPABLE = object()
STAGES: dict[str, Journey] = {}
TAKEN_OVER = "Cached"
SKIPPED = "Skipped"


@dataclass(frozen=True)
class Journey:
    """What makes a stage one of a release's journey.

    `still`, given the release and what the stage returned before, reads back whether that is true now. `follows`: it
    is true as long as no stage before it had to be done anew. With neither, it is about the version alone and stays
    true, for `lasts_seconds` where what is known of versions grows. `asks_anew`: a question about the world, asked
    in every attempt.
    `skipped` is what the stage returns when policy lets somebody skip it.
    """

    still: Callable[..., bool] | None = None
    follows: bool = False
    asks_anew: bool = False
    lasts_seconds: float = float("inf")
    skipped: object = NOT_SKIPPABLE

    @property
    def is_about_the_world(self) -> bool:
        """Whether it stands on the stages before it."""
        return self.still is not None or self.follows


class Stage(Generic[P, R]):
    """A task that is called like its function. `body` is what a task run executes: the function, or what a finished
    attempt left, as the state to end in."""

    def __init__(self, function: Callable[P, R], name: str, run_name: str, tries: int, journey: Journey | None) -> None:
        self.fn = function
        self.name = name
        self.run_name = run_name or name
        self._journey = journey
        self._hints: dict[str, Any] = {}
        self.body = self._body()
        self._task: Task[P, R] = task(
            name=name,
            task_run_name=self.run_name,
            cache_policy=NO_CACHE,
            retries=tries - 1,
            retry_delay_seconds=DELAYS_SECONDS[: max(tries - 1, 1)],
            retry_jitter_factor=0.3,
            retry_condition_fn=_was_silence,
        )(self.body)
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Do it, as a task run of the flow that calls."""
        return self._task(*args, return_state=True, **kwargs).result()

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> PrefectFuture[R]:
        """Do it at the same time as others."""
        return self._task.submit(*args, **kwargs)

    def _body(self) -> Callable[P, R]:
        @functools.wraps(self.fn)
        def body(*args: P.args, **kwargs: P.kwargs) -> R:
            given = inspect.signature(self.fn).bind(*args, **kwargs)
            given.apply_defaults()
            release = next((value for value in given.arguments.values() if isinstance(value, Release)), None)
            if release:
                note_stage(release, self.name)
            attempt = attempt_of(release) if release else None
            if attempt is None or self._journey is None:
                if release:
                    check_still_held(release.environment)
                return self.fn(*args, **kwargs)
            attempt.enter(self.name)
            found = self._instead(attempt, self._journey, given.arguments)
            if found is None:
                return self._do(attempt, given)
            key = self._key(given.arguments)
            tell_instead(attempt.release, key, self._stable_name(key), found, is_skipped=found.name == SKIPPED)
            return cast(R, found)

        return body

    def _instead(self, attempt: Attempt, journey: Journey, given: dict[str, Any]) -> State[Any] | None:
        """The state to end in without doing anything: skipped by policy, or taken over."""
        waiver = attempt.waiver_for(self.name)
        if waiver:
            said = f"skipped on the word of {waiver.who}: {waiver.reason}"
            speaker()(said)
            return Completed(name=SKIPPED, message=said, data=journey.skipped)
        kept = None if journey.asks_anew else attempt.read(self._key(given))
        return self._taken_over(attempt, journey, kept) if kept else None

    def _taken_over(self, attempt: Attempt, journey: Journey, kept: Kept) -> State[Any] | None:
        if journey.is_about_the_world and not attempt.is_going_on:
            return None  # it stands on something that has been done anew
        say = speaker()
        if time.time() - kept.finished > journey.lasts_seconds:
            say(f"not taken over {kept}: older than {journey.lasts_seconds / 3600:.0f} h")
            return None
        try:
            value = restored(kept, self._hint)
            is_true = journey.still is None or journey.still(attempt.release, value)
        except PipelineError as error:
            say(f"not taken over {kept}: {error.message}")
            return None
        if not is_true:
            say(f"not taken over {kept}: it is not true any more")
            return None
        say(f"taken over {kept}{', and still true' if journey.is_about_the_world else ''}")
        return Completed(name=TAKEN_OVER, message=f"taken over {kept}", data=value)

    def _do(self, attempt: Attempt, given: inspect.BoundArguments) -> R:
        assert self._journey is not None
        if self._journey.is_about_the_world:
            attempt.is_going_on = False
        began, key = time.time(), self._key(given.arguments)
        with told(attempt.release, key, self._stable_name(key)) as tell:
            result = tell(self.fn(*given.args, **given.kwargs))
            if not self._journey.asks_anew:
                attempt.keep(key, self._hint, result, began)
        return result

    @property
    def _hint(self) -> Any:
        if not self._hints:
            self._hints = typing.get_type_hints(self.fn)
        return self._hints["return"]

    def _stable_name(self, key: str) -> str:
        """For people who wait for it by name: an address is another one in each release."""
        return self.name if "{url}" in self.run_name else key

    def _key(self, given: dict[str, Any]) -> str:
        return self.run_name.format(**given)


def stage(
    name: str, *, run_name: str = "", tries: int = 1, journey: Journey | None = None
) -> Callable[[Callable[P, R]], Stage[P, R]]:
    """A stage called `name`; `run_name` may use the parameters (`canary {weight} %`).

    `tries` above 1 repeats after Unreachable only: a no stays a no, and what may have happened is read back first.
    Prefect's own cache is off: its default policy would skip a second identical stage of a run without executing
    it, and a cached result is never asked whether it is still true.
    """

    def wrap(function: Callable[P, R]) -> Stage[P, R]:
        if journey:
            STAGES[name] = journey
        return Stage(function, name, run_name, tries, journey)

    return wrap


def _was_silence(_task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Also says why, in the stage's own log: the state of a stage that is tried again only says that it is."""
    result = state.result(raise_on_failure=False)
    if isinstance(result, Unreachable):
        speaker()(f"try {run.run_count} met silence: {result.message}")
    return isinstance(result, Unreachable)
