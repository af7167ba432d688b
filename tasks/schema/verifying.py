"""Reads a schema and its data back: complete, as the invariants want it, equal to the models."""

from __future__ import annotations

from infra.schema import Schema
from infra.schema.applied import applied_revisions
from infra.schema.invariants import NOT_YET, broken_invariants
from infra.schema.models import differences
from tasks.notes import read_notes
from tasks.outcomes import GateClosed
from tasks.release import Release
from tasks.schema import access_of, files_of, schema_of
from tasks.schema.choice import newly_broken


def check_complete(release: Release, schema: Schema) -> None:
    """Raises GateClosed while a revision is pending or a backfill unfinished."""
    left = schema.pending("expand")
    if left:
        raise GateClosed(f"schema: {len(left)} expand revisions still pending over 0: {left[0].id}")
    for one in applied_revisions(access_of(release)):
        if one.unfinished:
            raise GateClosed(f"schema: {one.unfinished} backfills of {one.id} are unfinished over 0", "repeat the run")


def check_invariants(release: Release, stage: str) -> str:
    """Raises GateClosed when one finds more rows than the note of `stage` says it did before."""
    found = broken_invariants(access_of(release), files_of(release).invariants)
    unasked = [name for name, rows in found.items() if rows == NOT_YET]
    if unasked:
        raise GateClosed(f"schema: {unasked[0]!r} asks about what does not exist", "mend it in pipeline.toml")
    notes = [note for note in read_notes(release) if note.stage == stage]
    worse = newly_broken(notes[-1].facts.get("broken", {}) if notes else {}, found)
    if worse:
        raise GateClosed(f"schema: data is not as it must be: {'; '.join(worse)}", "see the migration that touched it")
    return f"{len(found)} invariants hold"


def check_models(release: Release, is_strict: bool) -> str:
    """Raises GateClosed where the schema differs from the models; `is_strict`: also where it has more."""
    files = files_of(release)
    if not files.models:
        return "the app names no models to compare the schema with"
    url = access_of(release).url
    found = differences(release.source.folder, files.models, url, is_strict)
    if found:
        raise GateClosed(f"schema: {len(found)} differences from {files.models} over 0: {'; '.join(found[:5])}")
    return f"the schema equals {files.models}"


def revisions_now(release: Release) -> tuple[str, ...]:
    """What the database has, for somebody who did not just change it; empty for an app without migrations."""
    schema = schema_of(release, release.platform.database.url(release.app))
    return schema.current() if schema else ()
