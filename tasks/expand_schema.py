"""Adds to the schema what the new version needs, in a way that the live version does not notice."""

from __future__ import annotations

from typing import Any

from infra.schema.alembic_branches import AlembicSchema

from infra.schema import Schema
from tasks.notes import write_note
from tasks.outcomes import GateClosed
from tasks.release import Release, speaker
from tasks.stage import stage

NAME = "expand-schema"


@stage("expand schema")
def expand_schema(release: Release) -> tuple[str, ...]:
    """The revisions that the database has then; empty for an app without migrations."""
    say = speaker()
    url = release.platform.database.ensure(release.app)
    schema = schema_of(release, url)
    if schema is None:
        say("the app names no migrations in pipeline.toml")
        return ()
    before = schema.current()
    write_note(release, NAME, {"revisions": list(before), "fingerprint": schema.fingerprint()})
    pending = schema.pending("expand")
    say(f"the database is at {_names(before)}; {len(pending)} to apply")
    return schema.upgrade("expand", say) if pending else before


@stage("verify schema", tries=3)
def verify_schema(release: Release, expected: tuple[str, ...]) -> None:
    """Reads the schema back. Raises GateClosed when it is not what was applied."""
    say = speaker()
    schema = schema_of(release, release.platform.database.url(release.app))
    if schema is None:
        return
    found = schema.current()
    if set(found) != set(expected):
        raise GateClosed(f"schema: the database is at {_names(found)}, expected {_names(expected)}")
    left = schema.pending("expand")
    if left:
        raise GateClosed(f"schema: {len(left)} expand revisions still pending over 0: {left[0].id}")
    waiting = schema.pending("contract")
    say(f"the database is at {_names(found)}; {len(waiting)} contract revisions wait for their time")


@stage("way back: schema", tries=3)
def put_schema_back(release: Release, facts: dict[str, Any]) -> str:
    """Undo what was applied since the note. Raises GateClosed when the schema is not as it was."""
    say = speaker()
    schema = schema_of(release, release.platform.database.url(release.app))
    if schema is None:
        return "no schema"
    before = tuple(facts["revisions"])
    schema.back_to(before, say)
    if schema.fingerprint() != facts["fingerprint"]:
        raise GateClosed(f"schema: back at {_names(before)}, but not as it was: the fingerprints differ")
    say(f"the schema is at {_names(before)} again, with the same fingerprint as before")
    return f"schema back at {_names(before)}"


def schema_of(release: Release, url: str) -> Schema | None:
    """The schema of an app's database as this version's revisions see it."""
    files = release.source.manifest.migrations
    return AlembicSchema(release.source.folder / files.directory, url) if files else None


def _names(revisions: tuple[str, ...]) -> str:
    return ", ".join(revisions) or "no revision"
