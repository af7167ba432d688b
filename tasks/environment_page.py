"""What goes on in an environment, on one page of the Prefect UI: `environment-<name>`, one artifact with its history.

It only shows. Whatever cannot be asked is said on the page to be unknown; a page that cannot be written is a log line.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable

from prefect.artifacts import create_markdown_artifact

from infra.database.local_recovery import recovery_of
from infra.environment import Environment, load_environment
from infra.errors import PipelineError
from infra.locks import Lock
from infra.locks.of_environment import locks_of
from infra.objects import Objects
from infra.platform import connect, objects_of
from tasks import environment_text as text
from tasks.records import Record, read_record, read_stage
from tasks.release import speaker

WAIT_SECONDS = 2.0
NEWEST = 25  # records that are read for a page: the last five, and with luck those of what is live


def show_environment(name: str) -> bool:
    """Write the page anew; whether it could be. Raises nothing: what it tells of is true without it."""
    try:
        create_markdown_artifact(page_of(load_environment(name)), f"environment-{name}", f"What goes on in {name}")
    except Exception as error:  # noqa: BLE001 - nothing that only shows may end what it shows
        speaker()(f"the artifact environment-{name} could not be written: {type(error).__name__}: {error}")
        return False
    return True


def show_environment_soon(name: str, *, wait_seconds: float = WAIT_SECONDS) -> None:
    """The same beside what goes on, which waits for it only a moment, and at its beginning not at all: a silent store
    must not hold up a release."""
    context = contextvars.copy_context()  # the artifact and the log line belong to the run that asks
    writer = threading.Thread(target=context.run, args=(show_environment, name), name="environment page", daemon=True)
    writer.start()
    writer.join(wait_seconds)


def page_of(environment: Environment) -> str:
    """The page in markdown. A part whose source is silent says so, and the others are there."""
    records, problem = _records(environment)
    apps = sorted({record.release.app for record in records})
    parts = [
        text.heading(environment.name, time.time()),
        problem or _part("what is live", lambda: text.live([_live(environment, app, records) for app in apps])),
        _part("the schema", lambda: text.revisions(recovery_of(environment).revisions())),
        _part("who holds it", lambda: text.holder(locks_of(environment).read(), _is_alive(environment))),
        problem or _part("the release in flight", lambda: _in_flight(environment, records)),
        _part("the backup proof", lambda: text.proof(recovery_of(environment).newest_proof())),
        problem or text.last_releases(records[:5], _ui(environment)),
        text.places(environment),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _records(environment: Environment) -> tuple[list[Record], str]:
    try:
        return _newest(objects_of(environment)), ""
    except PipelineError as error:
        return [], text.unknown("the releases", error)


def _newest(objects: Objects) -> list[Record]:
    """By when they were written last: a store with years of releases is not read whole every few minutes."""
    stored = [one for one in objects.list("releases/") if one.key.endswith("/record.json")]
    keys = [one.key.split("/") for one in sorted(stored, key=lambda one: one.modified, reverse=True)[:NEWEST]]
    found = [read_record(objects, app, release) for _, app, release, _ in keys]
    return sorted((one for one in found if one), key=lambda one: one.started, reverse=True)


def _live(environment: Environment, app: str, records: list[Record]) -> text.Live:
    """Asked of the edge: the record of what is live says since when, where it is among the newest."""
    target = connect(environment, app).edge.route().live_target
    record = next((one for one in records if target and one.release.deployment == target.deployment), None)
    return text.Live(app, target.version if target else "", record)


def _part(what: str, tell: Callable[[], str]) -> str:
    try:
        return tell()
    except PipelineError as error:
        return text.unknown(what, error)


def _is_alive(environment: Environment) -> Callable[[Lock], bool]:
    return locks_of(environment).is_held_by_the_living


def _in_flight(environment: Environment, records: list[Record]) -> str:
    running = [record for record in records if record.standing == "running"]
    objects = objects_of(environment)
    stages = [read_stage(objects, one.release.app, one.release.id) for one in running]
    return text.in_flight(running, stages, _ui(environment))


def _ui(environment: Environment) -> str:
    return environment.prefect_url.removesuffix("/api")
