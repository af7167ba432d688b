"""What the stages that touch an app's schema share: which schema it is, what is known of it, and what was seen."""

from __future__ import annotations

from infra.database.connection import Access, access_to
from infra.errors import Rejected
from infra.manifest import SchemaFiles
from infra.schema import Schema, Written
from infra.schema.of_app import schema_at
from tasks.outcomes import GateClosed
from tasks.release import Release
from tasks.schema.live import find_live


def schema_of(release: Release, url: str) -> Schema | None:
    """The schema of an app's database as this version's revisions see it; None for an app without migrations.

    Backfills wait for the standby, and the live version's files are asked about revisions that nobody else knows.
    """
    files = release.source.manifest.migrations
    if files is None:
        return None
    live = find_live(release)
    health = release.platform.database.health
    source = release.source.folder
    return schema_at(source, files, url, lambda: health().standby_lag_bytes, live.source.folder if live else None)


def files_of(release: Release) -> SchemaFiles:
    """What the manifest says of the schema, for an app that has one."""
    files = release.source.manifest.migrations
    if files is None:
        raise GateClosed(f"schema: {release.app} names no migrations in pipeline.toml", "add a table [schema]")
    return files


def access_of(release: Release) -> Access:
    """The app's own role in its own database."""
    return access_to(release.platform.database.url(release.app))


def check_known(schema: Schema, branch: str) -> list[Written]:
    """The pending revisions of the branch. Raises GateClosed when the database is ahead of this version in a way that
    it cannot live with (something was taken away, or nobody knows what was added), or they cannot be read."""
    try:
        return schema.written(branch)
    except Rejected as error:
        raise GateClosed(f"schema: {error.message}", error.hint) from error


def names(revisions: tuple[str, ...]) -> str:
    """Revisions for people."""
    return ", ".join(revisions) or "no revision"
