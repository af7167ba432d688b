"""The page of an environment in words. Times are seconds since the epoch and shown in UTC."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from infra.database.proof import Proof
from infra.environment import Environment, Objective
from infra.errors import PipelineError
from infra.locks import Lock
from tasks.availability import Availability
from tasks.records import Record


def heading(environment: str, now: float) -> str:
    """With the time at which all of it was true."""
    return f"# {environment}\n\nas of {_clock(now)}"


def unknown(what: str, error: PipelineError) -> str:
    """Why a part is missing."""
    return f"**Not known: {what}**: {_cell(error.message)}"


def unreadable(releases: tuple[str, ...]) -> str:
    """Releases of which the record is there and is none."""
    return f"**Not known: {_cell(', '.join(releases))}**: what is stored is no record of a release" if releases else ""


@dataclass(frozen=True)
class Live:
    """What visitors of an app get: empty when nothing is live. `record` is its release's, when that is known."""

    app: str
    version: str
    record: Record | None


def live(apps: list[Live]) -> str:
    """Each app's version, and when its own release promoted it; a roll back to it came later."""
    rows = [f"| {one.app} | {one.version or 'nothing'} | {_since(one.record)} |" for one in apps]
    head = ["| app | version | promoted |", "|---|---|---|"]
    return "\n".join(["## Live", "", *([*head, *rows] if rows else ["nothing was released yet"])])


def revisions(found: dict[str, list[str]]) -> str:
    """Of each app that has data."""
    lines = [f"- {app}: {', '.join(names) or 'no revision'}" for app, names in found.items()]
    return "\n".join(["## Schema", "", *(lines or ["no app has data"])])


def holder(lock: Lock | None, is_alive: Callable[[Lock], bool]) -> str:
    """Who may change the environment."""
    if lock is None:
        return "## Who may change it\n\nit is free"
    dead = "" if is_alive(lock) else " -- **whose process is dead: `recover` comes**"
    return f"## Who may change it\n\nheld by the {_cell(str(lock.holder))}{dead}"


def in_flight(running: list[Record], stages: list[tuple[str, float] | None], ui: str) -> str:
    """What is on its way, and at which stage."""
    lines = [
        f"- {one.release.app} {one.release.label} since {_clock(one.started)}"
        + (f", at *{_cell(stage[0])}* since {_clock(stage[1])}" if stage else "")
        + f" ([run]({_run(ui, one)}))"
        for one, stage in zip(running, stages, strict=True)
    ]
    return "\n".join(["## In flight", "", *(lines or ["nothing"])])


def proof(found: Proof | None) -> str:
    """The newest restore that was checked."""
    if found is None:
        return "## The last backup proof\n\n**none: nobody knows whether a backup can be restored**"
    age = found.age_seconds / 3600
    return (
        f"## The last backup proof\n\nbackup {found.backup}, restored and checked {age:.1f} hours ago"
        f" ({_clock(found.time)}): RTO {found.rto_seconds:.1f} s, RPO {found.rpo_seconds:.1f} s"
    )


def error_budgets(apps: dict[str, Availability | PipelineError], objective: Objective, now: float) -> str:
    """Of each app: what was promised, what was counted, and what is left; or why that is not known."""
    rows = []
    for app, counted in apps.items():
        if isinstance(counted, PipelineError):
            rows.append(f"| {app} | not known | | {_cell(counted.message)} |")
            continue
        found = counted.budget(objective.availability, objective.days, now)
        left = f"{found.left:.1%}" if found.left > 0 else f"**{found.left:.1%}: the promise is broken**"
        failed = f"{found.failures} of {found.requests}"
        since = f"{min(counted.days)} by {counted.by}" if counted.days else "nobody came yet"
        hours = counted.missed(objective.days, now) / 3600
        missed = f", without {hours:.1f} hours that nobody counted" if hours else ""
        rows.append(f"| {app} | {left} | {failed} | {since}{missed} |")
    head = ["| app | left | failed | counted since |", "|---|---|---|---|"]
    promise = f"{100 * objective.availability:g} % of the requests, over {objective.days} days"
    return "\n".join(["## Error budget", "", promise, "", *([*head, *rows] if rows else ["nothing was released yet"])])


def last_releases(records: list[Record], ui: str) -> str:
    """Newest first."""
    rows = [
        f"| {one.release.app} {one.release.label} | {one.standing} | {_clock(one.started)} |"
        f" {_cell(one.reason)[:200]} | [run]({_run(ui, one)}) |"
        for one in records
    ]
    head = ["| release | outcome | started | why | |", "|---|---|---|---|---|"]
    return "\n".join(["## The last releases", "", *([*head, *rows] if rows else ["none yet"])])


def places(environment: Environment) -> str:
    """Where its parts are looked at."""
    found = []
    if environment.vercel:
        found.append(f"[the app]({environment.vercel.url})")
    if environment.supabase:
        found.append(
            f"[its database at Supabase](https://supabase.com/dashboard/project/{environment.supabase.project})"
        )
    return f"## Where it is\n\n{', '.join(found)}" if found else ""


def _since(record: Record | None) -> str:
    if record is None:
        return "before the newest releases"
    went_back = "" if record.standing == "promoted" else f" ({record.standing})"
    return f"{_clock(record.ended or record.started)}{went_back}"


def _run(ui: str, record: Record) -> str:
    return f"{ui}/runs/flow-run/{record.flow_run}"


def _cell(words: str) -> str:
    """One line that breaks no table."""
    return " ".join(words.split()).replace("|", "\\|")


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
