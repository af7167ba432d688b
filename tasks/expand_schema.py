"""Adds to the schema what the new version needs, in a way that the live version does not notice."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from infra.edge.uncounted import NoCounts
from infra.errors import Rejected
from infra.schema.applied import applied_revisions
from infra.schema.fingerprint import fingerprint_of
from tasks.notes import write_note
from tasks.outcomes import GateClosed, WayBackFailed
from tasks.release import Release, speaker
from tasks.schema import access_of, check_known, files_of, names, schema_of
from tasks.schema.choice import choose
from tasks.schema.left import drift_of, note_left
from tasks.schema.linting import check_lint, lint_written
from tasks.schema.progress import with_progress
from tasks.schema.proof import check_proven, note_applied
from tasks.schema.seen import evidence, facts_before, look_after
from tasks.schema.verifying import check_complete, check_invariants, check_models
from tasks.stage import Journey, stage

NAME = "expand-schema"
Restore = Callable[[Release, dict[str, Any]], str]


def is_expanded(release: Release, revisions: tuple[str, ...]) -> bool:
    """Whether the database is where this release left it."""
    schema = schema_of(release, release.platform.database.url(release.app))
    return set(schema.current() if schema else ()) == set(revisions)


@stage("expand schema", tries=3, journey=Journey(still=is_expanded))
def expand_schema(release: Release) -> tuple[str, ...]:
    """The revisions that the database has then; empty for an app without migrations.

    Raises GateClosed, before anything is touched, for unsafe SQL, for a revision that was not proven where it has
    to be, and for a database that is ahead of this version in a way that it cannot live with.
    """
    say = speaker()
    url = release.platform.database.ensure(release.app)
    schema = schema_of(release, url)
    if schema is None:
        say("the app names no migrations in pipeline.toml")
        return ()
    written = check_known(schema, "expand")
    say(check_lint(lint_written(files_of(release), written), say))
    say(check_proven(release, written))
    _tell_drift(release)
    facts = write_note(release, NAME, facts_before(release, schema, written)).facts
    say(f"the database is at {names(schema.current())}; {len(written)} to apply")
    began = time.time()
    after = schema.upgrade("expand", with_progress(say))
    note_applied(release, written)
    _tell(release, [one.revision.id for one in written], began)
    look_after(release, facts)
    return after


@stage("verify schema", tries=3, journey=Journey(asks_anew=True))
def verify_schema(release: Release, expected: tuple[str, ...]) -> None:
    """Reads the schema back. Raises GateClosed when it is not what was applied, or the data is not as it must be."""
    say = speaker()
    schema = schema_of(release, release.platform.database.url(release.app))
    if schema is None:
        return
    found = schema.current()
    if set(found) != set(expected):
        raise GateClosed(f"schema: the database is at {names(found)}, expected {names(expected)}")
    check_complete(release, schema)
    say(check_invariants(release, NAME))
    waiting = schema.pending("contract")
    say(check_models(release, is_strict=not waiting))
    note_left(release)
    say(f"the database is at {names(found)}; {len(waiting)} contract revisions wait for their time")


def no_restore(release: Release, facts: dict[str, Any]) -> str:
    """Stands where a restore of the app's data belongs, until the flow gives one."""
    raise WayBackFailed(
        f"the data of {release.app} needs a restore to before {names(tuple(facts['revisions']))} was left,"
        " and none is connected",
        f"restore the app's database to the restore point before-{release.id}, then repeat the abort",
    )


@stage("way back: schema", tries=3)
def put_schema_back(release: Release, facts: dict[str, Any], restore: Restore = no_restore) -> str:
    """The way back that the evidence allows, with its numbers; harmless when nothing was applied.

    Nothing was written into what the expansion added: undone, and the schema's digest must be the one before. Data
    was written there: left, since both versions work on it. The migration damaged data: `restore`. Raises
    GateClosed when the schema is not as it was, WayBackFailed when the restore cannot be done.
    """
    say = speaker()
    schema = schema_of(release, release.platform.database.url(release.app))
    if schema is None:
        return "no schema"
    before = tuple(facts["revisions"])
    choice = choose(evidence(release, schema, facts))
    say(f"way back of the schema: {choice.way}: {choice.reason}")
    if choice.way == "restore":
        done = f"{restore(release, facts)}, because {choice.reason}"
        note_left(release)
        return done
    if choice.way == "leave":
        note_left(release)
        return f"schema left at {names(schema.current())}: {choice.reason}"
    schema.back_to(before, say)
    if fingerprint_of(access_of(release)) != facts["fingerprint"]:
        raise GateClosed(f"schema: back at {names(before)}, but not as it was: the fingerprints differ")
    note_left(release)
    say(f"the schema is at {names(before)} again, with the same fingerprint as before")
    return f"schema back at {names(before)}: {choice.reason}"


def _tell_drift(release: Release) -> None:
    """Said before it is taken for what this release found: from its end on it is what the next look compares with."""
    try:
        left, drifted = drift_of(release.platform)
    except Rejected as damaged:
        speaker()(f"whether the schema changed behind the pipeline's back is not known: {damaged.message}")
        return
    if drifted:
        speaker()(f"changed behind the pipeline's back since {left}: {'; '.join(drifted)}")


def _tell(release: Release, applied: list[str], began: float) -> None:
    """What each revision cost those who were there, in the database and at the edge."""
    say = speaker()
    for one in applied_revisions(access_of(release)):
        if one.id in applied:
            say(str(one))
    edge = release.platform.edge
    if applied and edge.route().live:
        try:
            counts = edge.counts(began, release.settings.canary.slow_ms)
        except NoCounts as nothing:
            say(f"what it cost visitors is not known: {nothing.message}")
            return
        asked, failed = sum(one.requests for one in counts), sum(one.failures for one in counts)
        say(f"meanwhile the edge answered {asked} requests, {failed} failed")
