"""The mood matrix: each thing that we ask of a vendor, with each call on its way going wrong in each way.

A cell is legal when it ends in success or in an error of ours, when what is there afterwards is what was there
before or what was wanted, and when asking again in good weather gives what was wanted.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from deployments.twins.moods import FOREVER, Kind
from deployments.twins.server import Twin
from infra.errors import PipelineError

Place = TypeVar("Place")
# What a client waits for one answer in a cell, and a vendor that says nothing for longer.
TIMEOUT_SECONDS = 0.5
LONGER_SECONDS = 0.7
# Name, what the twin does, seconds.
WEATHER: tuple[tuple[str, Kind, float], ...] = (
    ("slow", "slow", 0.05),
    ("limited", "limited", 0.01),
    ("limited for an hour", "limited", 3600),
    ("failing", "failing", 0),
    ("silent", "silent", 0),
    ("hanging", "silent", LONGER_SECONDS),
    ("malformed", "malformed", 0),
    ("lost", "lost", 0),
    ("forbidden", "forbidden", 0),
)


@dataclass(frozen=True)
class Action(Generic[Place]):
    """One thing that we ask. `look` reads back what is there, with clients that know nothing; `between` says which
    states it may stop in beside the first and the last."""

    name: str
    prepare: Callable[[Place], object]
    act: Callable[[Place], object]
    look: Callable[[Place], Hashable]
    between: Callable[[Hashable], bool] = lambda _state: False


@dataclass(frozen=True)
class Ground(Generic[Place]):
    """Where actions are tried: `open` makes a fresh place, `twin` is the one in it, `again` gives it new clients."""

    vendor: str
    open: Callable[[], AbstractContextManager[Place]]
    twin: Callable[[Place], Twin]
    again: Callable[[Place], Place]


@dataclass(frozen=True)
class Cell:
    """One try. `ended` is `done` or the error's kind; `problem` is empty when it is legal."""

    vendor: str
    action: str
    operation: str
    weather: str
    lasting: bool
    ended: str
    problem: str
    seconds: float


def try_all(ground: Ground[Place], actions: tuple[Action[Place], ...]) -> Iterator[Cell]:
    """Every action with every call that it makes, in every weather, once and lasting."""
    for action in actions:
        before, after, operations = _in_good_weather(ground, action)
        for operation in operations:
            for name, kind, seconds in WEATHER:
                for lasting in (False, True):
                    with ground.open() as place:
                        action.prepare(place)
                        twin = ground.twin(place)
                        twin.moods.set(operation, kind, times=FOREVER if lasting else 1, seconds=seconds)
                        began = time.monotonic()
                        ended, problem = _try(ground, action, place, before, after)
                        spent = time.monotonic() - began
                    yield Cell(ground.vendor, action.name, operation, name, lasting, ended, problem, spent)


def _in_good_weather(ground: Ground[Place], action: Action[Place]) -> tuple[Hashable, Hashable, list[str]]:
    """What is there before and after it, and which calls it makes, in order."""
    with ground.open() as place:
        action.prepare(place)
        before = action.look(ground.again(place))
        twin = ground.twin(place)
        already = len(twin.log)
        action.act(place)
        made = list(dict.fromkeys(entry.operation for entry in twin.log[already:]))
        return before, action.look(ground.again(place)), made


def _try(
    ground: Ground[Place], action: Action[Place], place: Place, before: Hashable, after: Hashable
) -> tuple[str, str]:
    ended, problem = _act(action, place)
    ground.twin(place).moods.clear()
    fresh = ground.again(place)
    found = action.look(fresh)
    if ended == "done" and found != after:
        problem = problem or f"it ended well and left {found}, not {after}"
    elif found not in (before, after) and not action.between(found):
        problem = problem or f"it left {found}, neither {before} nor {after}"
    if not problem:
        again, problem = _act(action, fresh)
        if again != "done" or action.look(ground.again(place)) != after:
            problem = problem or f"asked again it ended {again} and left {action.look(ground.again(place))}"
    return ended, problem


def _act(action: Action[Place], place: Place) -> tuple[str, str]:
    """How it ended, and what is wrong with that: an error that is not ours, or one that says nothing."""
    try:
        action.act(place)
    except PipelineError as error:
        is_silent = not error.message or not error.hint
        return type(error).__name__, f"{error.message!r} has no hint" if is_silent else ""
    except Exception as error:  # noqa: BLE001 # that it is none of ours is what is looked for
        return type(error).__name__, f"it raised {type(error).__name__}: {error}"
    return "done", ""


def counted(cells: Sequence[Cell]) -> dict[str, Any]:
    """The figures of cells: how many, how they ended, and each that is illegal."""
    illegal = [cell for cell in cells if cell.problem]
    return {
        "cells": len(cells),
        "illegal": len(illegal),
        "by_vendor": dict(Counter(cell.vendor for cell in cells)),
        "ended": dict(Counter(cell.ended for cell in cells)),
        "illegal_cells": [asdict(cell) for cell in illegal],
    }
