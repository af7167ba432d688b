"""What goes on with each app: what is live, what is beside it, its flags, a hold, and the release in flight."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.table import Table

from deployments.prefect_api import FINAL, PrefectApi
from infra.edge.sites import Sites
from infra.environment import Environment
from infra.errors import PipelineError
from infra.platform import Platform, connect
from tasks.holds import read_hold
from tasks.notes import read_notes
from tasks.records import Record, list_records, read_record


@dataclass(frozen=True)
class Held:
    """Who keeps the release where it is, since when (seconds since the epoch), and why."""

    who: str
    since: float
    reason: str


@dataclass(frozen=True)
class InFlight:
    """A release that has not ended, and the stages that run now; none when Prefect does not say."""

    id: str
    version: str
    since: float
    stages: tuple[str, ...]
    flow_run: str
    page: str


@dataclass(frozen=True)
class AppStatus:
    """One app. `weight` is the percent that `beside` gets; `flags` are those of the live and the coming version.

    `problem` says why the rest is not known; empty when it is.
    """

    app: str
    url: str = ""
    live: str = ""
    beside: str = ""
    weight: int = 0
    flags: tuple[tuple[str, int], ...] = ()
    hold: Held | None = None
    release: InFlight | None = None
    problem: str = ""


def apps_of(environment: Environment) -> list[AppStatus]:
    """Every app that has a place at the edge."""
    return [_status(environment, app) for app in sorted(Sites(environment).book())]


def table_of(apps: list[AppStatus]) -> Table:
    """The same for people."""
    table = Table(box=None, pad_edge=False)
    for title in ("app", "live", "beside", "weight", "flags", "release in flight", "hold"):
        table.add_column(title)
    for one in apps:
        flags = ", ".join(f"{name} {percent} %" for name, percent in one.flags)
        weight = f"{one.weight} %" if one.beside else ""
        known = (one.live or "-", one.beside or "-", weight, flags, _flight(one.release), _held(one.hold))
        table.add_row(one.app, *known) if not one.problem else table.add_row(one.app, f"not known: {one.problem}")
    return table


def _status(environment: Environment, app: str) -> AppStatus:
    try:
        return _ask(environment, connect(environment, app))
    except PipelineError as error:
        return AppStatus(app, problem=error.message)


def _ask(environment: Environment, platform: Platform) -> AppStatus:
    route = platform.edge.route()
    live, beside = route.live_target, route.at(route.beside)
    coming = next((one for one in list_records(platform.objects, platform.app) if one.standing == "running"), None)
    now = read_record(platform.objects, platform.app, live.deployment) if live else None
    return AppStatus(
        platform.app,
        platform.url,
        live.version if live else "",
        beside.version if beside else "",
        route.weight,
        tuple(dict(_flags(platform, now, coming)).items()),
        _hold(platform, coming),
        _in_flight(environment, coming) if coming else None,
    )


def _flags(platform: Platform, *records: Record | None) -> Iterator[tuple[str, int]]:
    """Those that these releases have turned."""
    for record in filter(None, records):
        for note in read_notes(record.release):
            if note.stage == "flag":
                name = str(note.facts["flag"])
                yield name, platform.flags.percentage(name) or 0


def _hold(platform: Platform, record: Record | None) -> Held | None:
    hold = read_hold(platform.objects, platform.app, record.release.id) if record else None
    return Held(hold.who, hold.placed, hold.reason) if hold and hold.is_on else None


def _in_flight(environment: Environment, record: Record) -> InFlight:
    api = PrefectApi(environment.prefect_url)
    try:
        stages = tuple(task.name for task in api.task_runs(record.flow_run) if task.type not in FINAL)
    except PipelineError:
        stages = ()  # the platform's own lines say that Prefect is silent
    release = record.release
    return InFlight(release.id, release.label, record.started, stages, record.flow_run, api.page(record.flow_run))


def _flight(release: InFlight | None) -> str:
    if release is None:
        return ""
    doing = ", ".join(release.stages) or "between stages, or not known"
    return f"{release.version} since {_clock(release.since)}: {doing}"


def _held(hold: Held | None) -> str:
    return f"by {hold.who} since {_clock(hold.since)}: {hold.reason}" if hold else ""


def _clock(seconds: float) -> str:
    return time.strftime("%H:%M:%S UTC", time.gmtime(seconds))
