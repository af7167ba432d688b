"""What is there when a release at vendors is over, read with clients that know nothing, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg

from deployments.twins.staging import Staging
from flows import outcome
from infra.database.supabase_access import direct_access
from infra.locks.of_environment import locks_of
from tasks.code_review.untold import untold
from tasks.records import Record, open_records, read_record

# Ends of a release, and what its record says then; the way back that failed is taken up by `recover`.
STANDINGS: Mapping[str, str] = {
    outcome.PROMOTED: "promoted",
    outcome.ROLLED_BACK: "rolled back",
    outcome.GATE_CLOSED: "gate closed",
    outcome.FAILED: "failed",
    outcome.WAY_BACK_FAILED: "rolled back",
}
SHOWN: Mapping[str, str] = {
    "promoted": "success",
    "rolled back": "failure",
    "gate closed": "failure",
    "failed": "error",
}
VISITORS = 12
_SLOTS = "SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'release\\_%'"
_SCRATCH = "SELECT count(*) FROM pg_database WHERE datname LIKE '%\\_scratch\\_%'"


@dataclass(frozen=True)
class Seen:
    """One look at everything. Versions by their labels; counts of what should not be there."""

    live: str
    weight: int
    is_rolling: bool
    is_job_open: bool
    served: frozenset[str]
    copies: int
    holder: str
    open_records: int
    slots: int
    scratch: int
    restores: int
    is_read_only: bool
    branches: int
    untold: int
    open_checks: tuple[str, ...]
    shown: tuple[str, ...]
    commit_status: str
    incidents: frozenset[str]
    purges: int
    standing: str = ""
    release: str = ""


def look(staging: Staging, label: str, commit: str, release: str) -> Seen:
    """At the release of `label`, whose id is `release`. Raises what its clients raise: nothing here is in a mood."""
    platform, state = staging.platform(), staging.github.state
    route, production = platform.edge.route(), staging.vercel.production
    production.settle()
    record = read_record(platform.objects, staging.app, release)
    lock = locks_of(staging.environment).read()
    with psycopg.connect(direct_access(staging.environment).url) as connection:
        slots, scratch = (int(next(iter(connection.execute(asked)))[0]) for asked in (_SLOTS, _SCRATCH))
    made = [one for one in state.deployments if one["sha"] == commit]
    said = state.commit_statuses.get(commit, [])
    live = route.live_target
    return Seen(
        live=live.version if live else "",
        weight=route.weight,
        is_rolling=production.active is not None,
        is_job_open=production.job is not None and not production.job.is_done,
        served=frozenset(staging.served() for _ in range(VISITORS)),
        copies=sum(staging.vercel.label_of(one.meta) == label for one in production.deployments.values()),
        holder=str(lock.holder) if lock else "",
        open_records=len(open_records(platform.objects)),
        slots=slots,
        scratch=scratch,
        restores=len(staging.supabase.state.restores),
        is_read_only=staging.supabase.state.is_read_only,
        branches=len(staging.supabase.state.branches),
        untold=len(untold(platform.objects)),
        open_checks=tuple(state.names_of_open()),
        shown=tuple(state.last_state(one["id"]) for one in made),
        commit_status=str(said[-1]["state"]) if said else "",
        incidents=frozenset(one.key for one in platform.incidents.list()),
        purges=len(staging.cloudflare.state.purges),
        standing=_standing(record),
        release=release,
    )


def _standing(record: Record | None) -> str:
    return record.standing if record else ""


def problems(seen: Seen, ended: str, live: str, purges_before: int, *, is_refused: bool = False) -> Iterator[str]:
    """What is wrong after a release that ended so, when `live` is what everybody should get.

    `is_refused`: GitHub said a definite no to some of it, which is asked no second time and stands in the log.
    """
    yield from _of_visitors(seen, live)
    yield from _of_what_is_left(seen)
    yield from _of_what_is_told(seen, ended)
    if not is_refused:
        yield from _of_what_is_shown(seen)
    if ended == outcome.PROMOTED and seen.purges == purges_before and f"purge-{seen.release}" not in seen.incidents:
        yield "the cache was not purged, and nobody was told"


def _of_visitors(seen: Seen, live: str) -> Iterator[str]:
    if seen.weight or seen.is_rolling:
        yield f"a share of {seen.weight} % is still given"
    if seen.is_job_open:
        yield "a promotion or a rollback is still under way"
    if seen.live != live:
        yield f"the edge says that {seen.live or 'nothing'} is live, not {live}"
    if wrong := seen.served - {live}:
        yield f"visitors got {', '.join(sorted(wrong))} instead of {live}"


def _of_what_is_left(seen: Seen) -> Iterator[str]:
    if seen.holder:
        yield f"the environment is held by the {seen.holder}"
    # Supabase's own branch of the project counts as none here: nothing in a release makes one.
    left = {
        "open records": seen.open_records,
        "held logs": seen.slots,
        "scratch databases": seen.scratch,
        "restores that nobody asked for": seen.restores,
        "branches": seen.branches,
        "copies of the version beside its one": max(0, seen.copies - 1),
    }
    yield from (f"{count} {what}" for what, count in left.items() if count)
    if seen.is_read_only:
        yield "the database may only be read"


def _of_what_is_told(seen: Seen, ended: str) -> Iterator[str]:
    wanted = STANDINGS.get(ended, "")
    # Refused before it was on record, or failed there: then nothing was announced either.
    if seen.standing != wanted and (seen.standing or ended not in (outcome.FAILED, outcome.REFUSED)):
        yield f"its record says {seen.standing or 'nothing'}, not {wanted or 'nothing'}"
    if ended == outcome.ROLLED_BACK and f"release-{seen.release}" not in seen.incidents:
        yield "it was rolled back, and no incident tells of it"
    if ended == outcome.WAY_BACK_FAILED and f"release-{seen.release}-p1" not in seen.incidents:
        yield "its way back failed, and no P1 tells of it"


def _of_what_is_shown(seen: Seen) -> Iterator[str]:
    if seen.untold or seen.open_checks:
        yield f"{seen.untold} releases are not told to their end; open checks: {', '.join(seen.open_checks) or 'none'}"
    shown = SHOWN.get(seen.standing)
    if shown and (seen.shown != (shown,) or seen.commit_status != shown):
        yield f"GitHub shows {seen.shown} and {seen.commit_status or 'no status'}, not one deployment with {shown}"
