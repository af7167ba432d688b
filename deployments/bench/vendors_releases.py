"""Whole releases in bad weather: each call that a good or a bad release makes of a vendor goes wrong in each way.

A cell is legal when the release ends in one of its own ends, everybody gets the version that this end promises, and
nothing is left behind once the weather is good: no open record, no lock, no held log, no share of traffic, nothing
unsaid at GitHub. What the release could not finish itself `recover` may finish, as it does by its schedule.
"""

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from deployments.bench.vendors_moods import WEATHER, Cell, counted
from deployments.bench.whole_platform import whole_platform
from deployments.json_lines import append_line, read_lines
from deployments.twins.moods import FOREVER, Kind
from deployments.twins.staging import NAME, Staging, staging_at_twins
from deployments.twins.vercel_sites import Behaviour
from flows import outcome
from flows.recover import recover
from flows.release import release
from infra.commands import Command, Say, run
from infra.database.supabase_access import direct_access
from infra.errors import PipelineError
from infra.locks.of_environment import locks_of
from tasks.code_review import settle, tell_ends
from tasks.records import open_records

APP = "weathered-app"
ENDS = (outcome.PROMOTED, outcome.ROLLED_BACK, outcome.GATE_CLOSED, outcome.FAILED, outcome.REFUSED)
GOOD, BAD = "a good release", "a bad release"
VISITORS = 12
# Not tried with whole releases: a vendor that hangs for longer than a client waits, which each call is tried with by
# itself, and what is one release as that which is tried: a limit that is not waited for, and one slow answer.
LEFT_OUT = {("hanging", False), ("hanging", True), ("slow", False), ("limited for an hour", False), ("limited", True)}
RULES = """
[release]
way_back_seconds = 6

[backups]
missing_proof = "make"

[canary]
weights = [50, 100]
error_rate_limit = 0.4
slow_rate_limit = 0.4
acceptable_rate = 0.2
step_minimum_requests = 20
step_timeout_seconds = 30

[watch]
seconds = 0.5
previous_percent = 0
"""
MANIFEST = f'name = "{APP}"\n[commands]\nstart = "true"\n[health]\npath = "/"\ntimeout_seconds = 4\n'
WHO = ("-c", "user.name=bench", "-c", "user.email=bench@example.invalid")
_SLOTS = "SELECT slot_name::text FROM pg_replication_slots WHERE slot_name LIKE 'release\\_%'"


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


@dataclass
class Field:
    """Where releases are tried: each is a new version, on what the one before it left."""

    staging: Staging
    repository: Path
    live: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def release(self, scenario: str) -> tuple[str, State[Any]]:
        """A new version and how its release ended."""
        label = f"v{next(self.numbers)}"
        _git(self.repository, *WHO, "commit", "-q", "--allow-empty", "-m", label)
        _git(self.repository, "tag", label)
        if scenario == BAD:
            self.staging.vercel.behaviours[label] = Behaviour(error_share=0.8)
        ended = release(repository=str(self.repository), ref=label, environment=NAME, return_state=True)
        settle()
        return label, ended


@contextmanager
def open_field(say: Say) -> Iterator[Field]:
    """On a platform of its own, with a first version live."""
    with whole_platform(say) as local, tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "app"
        repository.mkdir()
        (repository / "pipeline.toml").write_text(MANIFEST)
        _git(repository, "init", "-q", "-b", "main")
        _git(repository, "add", "-A")
        told = temporary_settings(updates={PREFECT_API_URL: local.prefect_url, PREFECT_HOME: Path(folder) / "home"})
        with told, staging_at_twins(local, APP, Path(folder), RULES, is_whole=True) as staging:
            found = Field(staging, repository)
            found.live, first = found.release(GOOD)
            if first.name != outcome.PROMOTED:
                raise PipelineError(f"the first release ended {first.name}: {first.message}")
            yield found


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
    return {**counted(cells), "of": len(tries)}


def all_tries(ground: Field, seed: int, say: Say) -> list[Try]:
    """Every cell that there is, in the order in which `seed` draws them."""
    tries = [one for scenario in (GOOD, BAD) for one in _tries(ground, scenario, say)]
    made = {(one.vendor, one.operation) for one in tries if one.scenario == GOOD}
    # What a bad release asks before it is found bad is tried with the good one.
    kept = [one for one in tries if one.scenario == GOOD or (one.vendor, one.operation) not in made]
    random.Random(seed).shuffle(kept)
    return kept


def _tries(ground: Field, scenario: str, say: Say) -> list[Try]:
    """Every call of one such release in good weather, in every weather."""
    before = {twin.vendor: len(twin.log) for twin in ground.staging.twins}
    label, ended = ground.release(scenario)
    ground.live = label if ended.name == outcome.PROMOTED else ground.live
    made = {
        (twin.vendor, entry.operation)
        for twin in ground.staging.twins
        for entry in twin.log[before[twin.vendor] :]
        if entry.operation
    }
    say(f"{scenario} ended {ended.name} with {len(made)} calls of {len(ground.staging.twins)} vendors")
    return [
        Try(scenario, vendor, operation, *one, lasting)
        for (vendor, operation), one, lasting in itertools.product(sorted(made), WEATHER, (False, True))
        if (one[0], lasting) not in LEFT_OUT
    ]


def _try(ground: Field, what: Try) -> Cell:
    twin = next(one for one in ground.staging.twins if one.vendor == what.vendor)
    twin.moods.set(what.operation, what.kind, times=FOREVER if what.lasting else 1, seconds=what.seconds)
    began = time.monotonic()
    label, ended = ground.release(what.scenario)
    spent = time.monotonic() - began
    twin.moods.clear()
    problem = _wrong_end(what, ended) or _mend(ground, label, ended)
    return Cell(
        what.vendor,
        what.scenario,
        what.operation,
        what.weather,
        what.lasting,
        str(ended.name),
        problem,
        round(spent, 2),
    )


def _wrong_end(what: Try, ended: State[Any]) -> str:
    if ended.name not in (*ENDS, outcome.WAY_BACK_FAILED):
        return f"it ended {ended.name}: {ended.message}"
    if what.scenario == BAD and ended.name == outcome.PROMOTED:
        return "a version that fails four requests of five was promoted"
    return "" if ended.message else f"{ended.name} says nothing of why"


def _mend(ground: Field, label: str, ended: State[Any]) -> str:
    """What the schedule does next, and what is wrong after it."""
    staging = ground.staging
    if ended.name == outcome.WAY_BACK_FAILED:
        mended = recover(environment=NAME, return_state=True)
        if mended.name != "Recovered":
            return f"recover ended {mended.name}: {mended.message}"
    tell_ends(NAME)
    settle()
    ground.live = label if ended.name == outcome.PROMOTED else ground.live
    wrong = [*_traffic(staging, ground.live), *_left(staging)]
    return "; ".join(wrong)


def _traffic(staging: Staging, live: str) -> Iterator[str]:
    """What visitors would notice."""
    route = staging.platform().edge.route()
    if route.weight or staging.vercel.production.active:
        yield f"a share of {route.weight} % is still given"
    if route.live_target is None or not route.live_target.deployment.startswith(f"{live}-"):
        yield f"the edge says that {route.live_target} is live, not {live}"
    if served := {staging.served() for _ in range(VISITORS)} - {live}:
        yield f"visitors got {', '.join(sorted(served))} instead of {live}"


def _left(staging: Staging) -> Iterator[str]:
    """What the next release, or the people, would stumble over."""
    if lock := locks_of(staging.environment).read():
        yield f"the environment is held by the {lock.holder}"
    if records := open_records(staging.platform().objects):
        yield f"{len(records)} records are open"
    with psycopg.connect(direct_access(staging.environment).url) as connection:
        if slots := connection.execute(_SLOTS).fetchall():
            yield f"the log is held by {slots}"
    state = staging.github.state
    if names := state.names_of_open():
        yield f"check runs without an end: {', '.join(names)}"
    if unsaid := [one["id"] for one in state.deployments if state.last_state(one["id"]) == "in_progress"]:
        yield f"{len(unsaid)} deployments are in progress at GitHub"


def _git(repository: Path, *words: str) -> None:
    run(Command(("git", "-C", str(repository), *words)))
