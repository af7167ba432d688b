"""Which trials are run: every target at every boundary of a release, moods of the object store, and moments at random.

A seed makes the same plan again. Any beginning of the matrix covers targets and boundaries as evenly as it can.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from deployments.chaos.app import Version
from deployments.chaos.moods import Mood

TARGETS = (
    "flow run",
    "worker",
    "prefect server",
    "edge",
    "candidate",
    "live app",
    "postgres primary",
    "object store",
)
# The stages of a release in their order, by the names that it notes; the two steps of the ramp apart.
BOUNDARIES = (
    "checkout",
    "unit tests",
    "gates",
    "backup proof",
    "restore point and snapshot",
    "expand schema",
    "verify schema",
    "build candidate",
    "start candidate",
    "smoke tests",
    "make room",
    "attach candidate",
    "canary 20",
    "canary 100",
    "promote",
    "watch",
)
WAY_BACK = "way back"
CELLS = len(TARGETS) * len(BOUNDARIES)
FIRST_OF_RAMP = BOUNDARIES.index("canary 20")
MOODS: tuple[Mood, ...] = get_args(Mood)
MOOD_SECONDS = 6.0
LONGEST_OFFSET_SECONDS = 2.0
ONE_IN = 6  # of a short run, so many trials are outside the matrix
DOUBLES = (("flow run", "prefect server"), ("flow run", "worker"), ("flow run", "object store"), ("worker", "edge"))


@dataclass(frozen=True)
class Moment:
    """So many seconds after a stage of the release, or its way back, has begun."""

    boundary: str
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s into {self.boundary}" if self.seconds else f"as {self.boundary} begins"


@dataclass(frozen=True)
class Shot:
    """One trial: `targets` are killed at once, or the store falls into a `mood`, at a moment of a version's release."""

    number: int
    targets: tuple[str, ...]
    mood: Mood | None
    moment: Moment
    version: Version

    @property
    def aim(self) -> str:
        """What is done, for people."""
        return f"object store {self.mood}" if self.mood else " + ".join(self.targets)

    def __str__(self) -> str:
        kind = "bad" if self.version.is_bad else "good"
        more = f" with {self.version.migration}" if self.version.migration else ""
        return f"{self.aim} {self.moment}, {kind} version{more}"


def plan(trials: int, seed: int) -> list[Shot]:
    """So many trials. From 128 of the matrix on, and one in six of a shorter run, they are of the other kinds."""
    rng = random.Random(seed)
    others = max(trials - CELLS, trials // ONE_IN)
    cells = list(itertools.islice(_matrix(rng), trials - others))
    rest = list(itertools.islice(_others(rng), others))
    aims = [*cells, *rest]
    rng.shuffle(aims)
    return [_shot(number, rng, *aim) for number, aim in enumerate(aims, start=1)]


_Aim = tuple[tuple[str, ...], Mood | None, Moment, bool | None]


def _matrix(rng: random.Random) -> Iterator[_Aim]:
    targets, boundaries = rng.sample(TARGETS, len(TARGETS)), rng.sample(BOUNDARIES, len(BOUNDARIES))
    for k in range(CELLS):
        # Each block of 16 has every boundary once and every target twice; the shift makes all 128 pairs differ.
        boundary = boundaries[(k + k // len(boundaries)) % len(boundaries)]
        yield (targets[k % len(targets)],), None, Moment(boundary), None


def _others(rng: random.Random) -> Iterator[_Aim]:
    """In turn: a mood of the store, three deaths of the release in its ramp, and something at random."""
    for k in itertools.count():
        yield (), MOODS[k % len(MOODS)], _inside(rng, rng.choice(BOUNDARIES[1:])), None
        for is_bad in (False, True, False):
            yield ("flow run",), None, Moment("canary 20", 0.4 + rng.uniform(0, 0.8)), is_bad
        yield _anything(rng, k)


def _anything(rng: random.Random, k: int) -> _Aim:
    """Two at once in the ramp, one inside the way back, one inside any stage, in turn."""
    if k % 3 == 0:
        return DOUBLES[k // 3 % len(DOUBLES)], None, _inside(rng, "canary 20"), None
    if k % 3 == 1:
        return (rng.choice(TARGETS),), None, Moment(WAY_BACK, rng.uniform(0, 1.0)), True
    return (rng.choice(TARGETS),), None, _inside(rng, rng.choice(BOUNDARIES)), None


def _inside(rng: random.Random, boundary: str) -> Moment:
    return Moment(boundary, rng.uniform(0.05, LONGEST_OFFSET_SECONDS))


def _shot(
    number: int, rng: random.Random, targets: tuple[str, ...], mood: Mood | None, moment: Moment, bad: bool | None
) -> Shot:
    is_late = moment.boundary in BOUNDARIES[FIRST_OF_RAMP + 1 :]
    # A bad version never comes past the first step of its ramp.
    is_bad = bad if bad is not None else not is_late and rng.random() < 0.3
    migration = f"{number + 1:04d}" if rng.random() < 0.5 else ""
    fills = bool(migration) and is_bad and rng.random() < 0.3
    return Shot(number, targets, mood, moment, Version(f"t{number:03d}", migration, is_bad, fills))
