"""Whole releases in bad weather: each call that a good or a bad release makes of a vendor goes wrong in each way.

What a bad release asks after it was found bad is tried too: there the weather begins with its first visitors. A cell
is legal when the release ends in one of its own ends and nothing is wrong afterwards (vendors_release_ends.py), once
the weather is good and `recover` has run, as it does by its schedule.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
from prefect.client.schemas.objects import State

from deployments.bench.vendors_moods import WEATHER, Cell, counted
from deployments.bench.vendors_release_ends import STANDINGS, look, problems
from deployments.bench.vendors_release_field import BAD, GOOD, Field, Version, open_field
from deployments.json_lines import append_line, read_lines
from deployments.twins.moods import FOREVER, Kind
from deployments.twins.server import Twin
from deployments.twins.staging import NAME
from flows import outcome
from flows.recover import recover
from infra.commands import Say
from infra.errors import PipelineError

RECOVERED = ("Recovered", "NothingLeft")
NEVER = "the call was never made"
# Not tried with whole releases: a vendor that hangs for longer than a client waits, which each call is tried with by
# itself; a limit of an hour, in which the next releases would fall too; and what is one release as that which is tried.
LEFT_OUT = {("hanging", False), ("hanging", True), ("limited for an hour", False), ("limited for an hour", True)}
LEFT_OUT |= {("slow", False), ("limited", True)}


@dataclass(frozen=True)
class Try:
    """One cell to come. A `kind` of weather lasts until the release has ended, or is over after one call."""

    scenario: str
    vendor: str
    operation: str
    weather: str
    kind: Kind
    seconds: float
    lasting: bool

    def is_of(self, cell: Cell) -> bool:
        """Whether `cell` is what came of it."""
        mine = (self.scenario, self.vendor, self.operation, self.weather, self.lasting)
        return mine == (cell.action, cell.vendor, cell.operation, cell.weather, cell.lasting)


def release_figures(seed: int, most: int, out: Path | None, say: Say) -> dict[str, Any]:
    """`most` cells drawn by `seed`, or all of them for 0. Some 15 s each.

    Each is a line of `out` as soon as it is there; those that are in it already are taken over.
    """
    done = [Cell(**row) for row in read_lines(out)] if out else []
    with open_field(say) as ground:
        tries = all_tries(ground, seed, say)
        wanted = tries[: most or None]
        cells = [cell for cell in done if any(one.is_of(cell) for one in wanted)]
        missing = [one for one in wanted if not any(one.is_of(cell) for cell in cells)]
        say(f"{len(tries)} cells are there, {len(wanted)} are wanted, {len(missing)} are still to be tried")
        for number, one in enumerate(missing, 1):
            cell = _try(ground, one)
            cells.append(cell)
            say(f"{number}/{len(missing)} {cell.problem and 'ILLEGAL '}{cell}")
            if out:
                append_line(out, asdict(cell))
            if cell.problem:
                _clear_away(ground)
    return {**counted(cells), "of": len(tries)}


def all_tries(ground: Field, seed: int, say: Say) -> list[Try]:
    """Every cell that there is, as `seed` draws them: each call once before any call a second time."""
    kept = [*_tries(ground, GOOD, outcome.PROMOTED, say), *_tries(ground, BAD, outcome.ROLLED_BACK, say)]
    random.Random(seed).shuffle(kept)
    drawn: Counter[tuple[str, str, str]] = Counter()
    rounds = []
    for one in kept:
        call = (one.scenario, one.vendor, one.operation)
        rounds.append((drawn[call], one))
        drawn[call] += 1
    return [one for _, one in sorted(rounds, key=lambda pair: pair[0])]


def _tries(ground: Field, scenario: str, wanted: str, say: Say) -> list[Try]:
    """Every call of one such release in good weather, in every weather; of a bad one those since its first visitors."""
    marks: dict[str, int] = {}

    def mark() -> None:
        marks.update({twin.vendor: len(twin.log) for twin in ground.staging.twins})

    found = ground.release(scenario, mark)
    if found.ended.name != wanted:
        raise PipelineError(f"{scenario} ended {found.ended.name} in good weather: {found.ended.message}")
    ground.live = found.label if wanted == outcome.PROMOTED else ground.live
    made = {
        (twin.vendor, entry.operation)
        for twin in ground.staging.twins
        for entry in twin.log[marks[twin.vendor] :]
        if entry.operation
    }
    if scenario == BAD and ("Vercel", "requestRollback") not in made:
        raise PipelineError("the bad release was not taken back from visitors: its way back would not be tried")
    say(f"{scenario} ended {found.ended.name} with {len(made)} calls")
    return [
        Try(scenario, vendor, operation, *one, lasting)
        for (vendor, operation), one, lasting in itertools.product(sorted(made), WEATHER, (False, True))
        if (one[0], lasting) not in LEFT_OUT
    ]


def _try(ground: Field, what: Try) -> Cell:
    twin = next(one for one in ground.staging.twins if one.vendor == what.vendor)
    times = FOREVER if what.lasting else 1
    purges, before, began = len(ground.staging.cloudflare.state.purges), len(twin.log), time.monotonic()
    found = ground.release(
        what.scenario, lambda: twin.moods.set(what.operation, what.kind, times=times, seconds=what.seconds)
    )
    spent = time.monotonic() - began
    twin.moods.clear()
    wrong = [*_wrong_end(what, found.ended), *_not_met(what, twin, before), *_afterwards(ground, what, found, purges)]
    ended, problem = str(found.ended.name), "; ".join(wrong)
    return Cell(what.vendor, what.scenario, what.operation, what.weather, what.lasting, ended, problem, round(spent, 2))


def _wrong_end(what: Try, ended: State[Any]) -> Iterator[str]:
    if ended.name not in (*STANDINGS, outcome.REFUSED):
        yield f"it ended {ended.name}: {ended.message}"
    if what.scenario == BAD and ended.name == outcome.PROMOTED:
        yield "a version that fails four requests of five was promoted"
    if not ended.message:
        yield f"{ended.name} says nothing of why"


def _not_met(what: Try, twin: Twin, before: int) -> Iterator[str]:
    """A cell whose weather nobody met proves nothing."""
    if not any(entry.operation == what.operation and entry.mood for entry in twin.log[before:]):
        yield NEVER


def _afterwards(ground: Field, what: Try, found: Version, purges: int) -> Iterator[str]:
    """What the schedule does next, and what is wrong after it."""
    ground.live = found.label if found.ended.name == outcome.PROMOTED else ground.live
    mended = recover(environment=NAME, return_state=True)
    if mended.name not in RECOVERED:
        yield f"recover ended {mended.name}: {mended.message}"
    try:
        seen = look(ground.staging, found.label, found.commit, found.release)
    except (PipelineError, httpx.HTTPError, psycopg.Error) as error:
        yield f"nobody could look: {type(error).__name__}: {error}"
        return
    is_refused = (what.vendor, what.kind) == ("github", "forbidden")
    yield from problems(seen, str(found.ended.name), ground.live, purges, is_refused=is_refused)


def _clear_away(ground: Field) -> None:
    """After a cell that is illegal the next ones begin from a good release, or not at all."""
    recover(environment=NAME, return_state=True)
    found = ground.release(GOOD)
    if found.ended.name != outcome.PROMOTED:
        raise PipelineError(f"after an illegal cell a good release ended {found.ended.name}: {found.ended.message}")
    ground.live = found.label
