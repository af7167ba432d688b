"""What goes on in an environment, on one page of the Prefect UI: `environment-<name>`, one artifact with its history.

It only shows. Whatever cannot be asked is said on the page to be unknown; a page that cannot be written is a log line.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from prefect.artifacts import create_markdown_artifact

from infra.database.local_recovery import recovery_of
from infra.environment import Environment, load_environment
from infra.errors import PipelineError, Unknown
from infra.locks import Lock
from infra.locks.of_environment import locks_of
from infra.platform import connect, objects_of
from tasks import environment_text as text
from tasks.availability import Availability, count_availability, read_availability
from tasks.records import Record, newest_records, read_stage, released_apps
from tasks.release import speaker

WAIT_SECONDS = 2.0
NEWEST = 25  # records that are read for a page: the last five, and with luck those of what is live


@dataclass(frozen=True)
class Releases:
    """The newest records, every app that was released, and the ids of records that cannot be read."""

    records: tuple[Record, ...] = ()
    apps: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


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
    releases, problem = _releases(environment)
    records = list(releases.records)
    parts = [
        text.heading(environment.name, time.time()),
        problem
        or _part("what is live", lambda: text.live([_live(environment, app, records) for app in releases.apps])),
        problem or _part("the error budget", lambda: _budgets(environment, releases.apps)),
        _part("the schema", lambda: text.revisions(recovery_of(environment).revisions())),
        _part("who holds it", lambda: text.holder(locks_of(environment).read(), _is_alive(environment))),
        problem or _part("the release in flight", lambda: _in_flight(environment, records)),
        _part("the backup proof", lambda: text.proof(recovery_of(environment).newest_proof())),
        problem or text.last_releases(records[:5], _ui(environment)),
        text.unreadable(releases.broken),
        text.places(environment),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _releases(environment: Environment) -> tuple[Releases, str]:
    """With what to say instead when the store is silent."""
    try:
        objects = objects_of(environment)
        records, broken = newest_records(objects, NEWEST)
        apps = {*released_apps(objects), *(record.release.app for record in records)}
    except PipelineError as error:
        return Releases(), text.unknown("the releases", error)
    return Releases(tuple(records), tuple(sorted(apps)), tuple(broken)), ""


def _live(environment: Environment, app: str, records: list[Record]) -> text.Live:
    """Asked of the edge: the record of what is live says since when, where it is among the newest."""
    target = connect(environment, app).edge.route().live_target
    record = next((one for one in records if target and one.release.deployment == target.deployment), None)
    return text.Live(app, target.version if target else "", record)


def _budgets(environment: Environment, apps: tuple[str, ...]) -> str:
    objects = objects_of(environment)
    counted: dict[str, Availability | PipelineError] = {}
    for app in apps:
        try:
            counted[app] = read_availability(objects, app)
        except PipelineError as error:
            counted[app] = error
    return text.error_budgets(counted, environment.objective, time.time())


def count_visitors(name: str) -> None:
    """For the error budget of every app in the environment. Raises nothing: what cannot be counted now is counted the
    next time, and the page is there without it."""
    try:
        environment = load_environment(name)
        apps = released_apps(objects_of(environment))
    except PipelineError as error:
        speaker()(f"nobody's visitors could be counted: {error.message}")
        return
    for app in apps:
        try:
            count_availability(connect(environment, app))
        except Exception as error:  # noqa: BLE001 - nothing that only shows may end what it shows
            speaker()(f"the visitors of {app} could not be counted: {type(error).__name__}: {error}")


def _part(what: str, tell: Callable[[], str]) -> str:
    try:
        return tell()
    except PipelineError as error:
        return text.unknown(what, error)
    except (ValueError, KeyError, TypeError) as error:  # what is stored is not what we would have stored
        return text.unknown(what, Unknown(f"{type(error).__name__}: {error}"))


def _is_alive(environment: Environment) -> Callable[[Lock], bool]:
    return locks_of(environment).is_held_by_the_living


def _in_flight(environment: Environment, records: list[Record]) -> str:
    running = [record for record in records if record.standing == "running"]
    objects = objects_of(environment)
    stages = [read_stage(objects, one.release.app, one.release.id) for one in running]
    return text.in_flight(running, stages, _ui(environment))


def _ui(environment: Environment) -> str:
    return environment.prefect_url.removesuffix("/api")
