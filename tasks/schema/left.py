"""The schema of each app as the pipeline left it, written down so that a change behind its back is seen.

One object for each app, `schema-left/<app>.json`, written by whatever changes or verifies a schema.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass

from infra.database.connection import access_to
from infra.environment import load_environment
from infra.errors import Rejected
from infra.objects import Objects
from infra.platform import Platform, objects_of
from infra.schema.drift import differences, parts_of
from infra.schema.fingerprint import schema_lines
from tasks.patience import patiently
from tasks.release import Release, platform_of

PLACE = "schema-left/"


@dataclass(frozen=True)
class SchemaLeft:
    """`parts` are digests by kind and name; `by` is who left it so, `time` seconds since the epoch."""

    by: str
    time: float
    parts: dict[str, str]

    def __str__(self) -> str:
        return f"{self.by} at {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(self.time))}"


def note_left(release: Release) -> None:
    """This is how the release leaves the app's schema."""
    _write(release.platform, f"release {release.id}")


def note_restored(environment: str, what: str) -> None:
    """After a restore: every app's schema is what it was then; that of an app without data then is nobody's."""
    objects = objects_of(load_environment(environment))
    for app in apps_left(objects):
        try:
            _write(platform_of(environment, app), what)
        except Rejected:
            objects.delete(_key(app))


def apps_left(objects: Objects) -> list[str]:
    """Every app whose schema somebody left."""
    return [one.key.removeprefix(PLACE).removesuffix(".json") for one in objects.list(PLACE)]


def read_left(objects: Objects, app: str) -> SchemaLeft | None:
    """None for an app whose schema nobody left. Raises Rejected for what is no such note."""
    content = objects.get(_key(app))
    if content is None:
        return None
    try:
        return SchemaLeft(**json.loads(content))
    except (ValueError, TypeError) as error:
        raise Rejected(
            f"{_key(app)} says nothing of a schema: {type(error).__name__}",
            "remove it: the next release writes it anew",
        ) from error


def drift_of(platform: Platform) -> tuple[SchemaLeft | None, list[str]]:
    """What was left, and a line for each part that is not so now; nothing for an app whose schema nobody left."""
    left = read_left(platform.objects, platform.app)
    return left, differences(left.parts, _parts(platform)) if left else []


def _write(platform: Platform, by: str) -> None:
    content = json.dumps(asdict(SchemaLeft(by, time.time(), _parts(platform)))).encode()
    patiently(lambda: platform.objects.put(_key(platform.app), content, "application/json"))


def _parts(platform: Platform) -> dict[str, str]:
    supabase = platform.environment.supabase
    return parts_of(
        schema_lines(access_to(platform.database.url(platform.app))), supabase.app_schemas if supabase else ()
    )


def _key(app: str) -> str:
    return f"{PLACE}{app}.json"
