"""Takes away what no version uses any more: shown first, and only after the bake time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prefect.artifacts import create_table_artifact

from infra.migration_lint.drops import drops_of
from infra.schema import Written
from infra.schema.contents import rows_of
from infra.schema.fingerprint import fingerprint_of
from tasks.notes import write_note
from tasks.outcomes import GateClosed, WayBackFailed
from tasks.records import read_record
from tasks.release import Release, platform_of, speaker
from tasks.schema import access_of, check_known, files_of, names, schema_of
from tasks.schema.left import note_left
from tasks.schema.linting import check_lint, lint_written
from tasks.schema.proof import check_proven, note_applied
from tasks.stage import stage

NAME = "contract-schema"
Restore = Callable[[Release, dict[str, Any]], str]
HOUR_SECONDS = 3600.0


@dataclass(frozen=True)
class Loss:
    """A table, or one of its columns, that a contract revision drops, and how many rows hold something there."""

    revision: str
    what: str
    rows: int


@stage("find what may contract", tries=3)
def find_contract(environment: str, app: str, release_id: str) -> Release:
    """An order for the version that is live: only its own files can say what it no longer uses.

    Raises GateClosed when nothing is live or its record is gone.
    """
    platform = platform_of(environment, app)
    target = platform.edge.route().live_target
    record = read_record(platform.objects, app, target.deployment) if target else None
    if record is None:
        raise GateClosed(f"contract: no release of {app} is live in {environment}", "release a version first")
    return Release(**{**record.release.__dict__, "id": release_id})


@stage("check that a contract may run", tries=3)
def check_contract(release: Release) -> str:
    """Raises GateClosed before the bake time is over, and while a process of another version is left."""
    platform = release.platform
    target = platform.edge.route().live_target
    record = read_record(platform.objects, release.app, target.deployment) if target else None
    if target is None or record is None or record.ended is None or record.standing != "promoted":
        raise GateClosed(f"contract: {release.label} is not promoted", "finish its release first")
    hours, least = (time.time() - record.ended) / HOUR_SECONDS, release.settings.migrations.bake_hours
    if hours < least:
        raise GateClosed(
            f"contract: {release.label} has been live for {hours:.1f} h, under {least:g} h",
            "wait, or lower migrations.bake_hours in the environment's file",
        )
    others = [one.ref for one in platform.hosting.deployments() if one.is_running and one.id != target.deployment]
    if others:
        raise GateClosed(
            f"contract: {len(others)} processes of other versions over 0: {', '.join(sorted(others))}",
            f"they may need what is dropped: pipeline retire --app {release.app} --env {release.environment}",
        )
    return f"live for {hours:.1f} h, at least {least:g} h; no other version runs"


@stage("what a contract drops", tries=3)
def plan_contract(release: Release) -> list[Loss]:
    """What the pending contract revisions would take away, with its rows, also as a table in the UI.

    Raises GateClosed for unsafe SQL and for a revision that was not proven where it has to be.
    """
    say = speaker()
    written = _pending(release)
    say(check_lint(lint_written(files_of(release), written), say))
    say(check_proven(release, written))
    access = access_of(release)
    losses = [
        Loss(one.revision.id, f"{table}.{column}" if column else table, rows_of(access, table, column))
        for one in written
        for table, column in drops_of(one.sql)
    ]
    for loss in losses:
        say(f"{loss.revision} drops {loss.what}: {loss.rows} rows hold something there")
    create_table_artifact(
        [loss.__dict__ for loss in losses], key=f"contract-{release.app}", description="To be dropped"
    )
    return losses


@stage("contract schema")
def contract_schema(release: Release, losses: list[Loss]) -> tuple[str, ...]:
    """Applies the pending contract revisions; the revisions that the database has then."""
    say = speaker()
    url = release.platform.database.url(release.app)
    schema = schema_of(release, url)
    if schema is None:
        return ()
    written = _pending(release)
    facts = {
        "revisions": list(schema.current()),
        "fingerprint": fingerprint_of(access_of(release)),
        "losses": [loss.__dict__ for loss in losses],
    }
    write_note(release, NAME, facts)
    after = schema.upgrade("contract", say)
    note_applied(release, written)
    note_left(release)
    say(f"the database is at {names(after)}")
    return after


@stage("way back: contract", tries=3)
def put_contract_back(release: Release, facts: dict[str, Any], restore: Restore) -> str:
    """The dropped tables and columns again, and by `restore` what was in them; harmless when nothing was applied.

    Raises WayBackFailed when the schema is not as it was then, or what `restore` raises.
    """
    say = speaker()
    schema = schema_of(release, release.platform.database.url(release.app))
    before = tuple(facts["revisions"])
    if schema is None or set(schema.current()) == set(before):
        return "no contract was applied"
    waiting = {revision.id for revision in schema.pending("contract")}
    lost = [loss for loss in facts["losses"] if loss["rows"] and loss["revision"] not in waiting]
    if lost:
        done = f"{restore(release, facts)}, because {_told(lost)}"
    else:
        schema.back_to(before, say)
        done = f"schema back at {names(before)}; what was dropped held no rows"
    if fingerprint_of(access_of(release)) != facts["fingerprint"]:
        raise WayBackFailed(
            f"{done}, but the schema is not as it was: the digests differ",
            f"compare it with the restore point before-{release.id}: pipeline restore --dry-run",
        )
    note_left(release)
    return done


def _told(losses: list[dict[str, Any]]) -> str:
    return "; ".join(f"{loss['what']} had {loss['rows']} rows" for loss in losses)


def _pending(release: Release) -> list[Written]:
    schema = schema_of(release, release.platform.database.url(release.app))
    if schema is None:
        raise GateClosed(f"contract: {release.app} names no migrations", "add a table [schema] to pipeline.toml")
    return check_known(schema, "contract")
