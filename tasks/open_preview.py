"""A preview's own database at the version's schema, and the version built and running beside it."""

from __future__ import annotations

from infra.database.connection import access_to
from infra.errors import Rejected, Unknown
from infra.previews import Preview
from infra.previews.revisions import note_revisions, outdated
from infra.schema import Schema
from infra.schema.of_app import schema_at
from tasks.outcomes import GateClosed
from tasks.previews import Asked, variables_of
from tasks.release import speaker
from tasks.stage import stage


@stage("preview database", tries=3)
def prepare_preview_database(asked: Asked) -> tuple[str, ...]:
    """The revisions that it has then; empty for an app without migrations. Its data stays from commit to commit.

    A database that does not take this version's revisions (somebody rewrote one that it has) is made anew, once:
    nothing in it is worth more than a preview that works. Raises GateClosed when a new one does not take them either.
    """
    say, files = speaker(), asked.order.source.manifest.migrations
    url = asked.previews.database(asked.wanted, say)
    if files is None:
        say("the app names no migrations in pipeline.toml")
        return ()
    schema = schema_at(asked.order.source.folder, files, url)
    was_used = bool(schema.current() or outdated(access_to(url), ()))
    try:
        return _expand(schema, url)
    except Rejected as no:
        if not was_used:
            raise _closed(no) from no
        say(f"its database does not fit this version: {no.message}")
    url = asked.previews.database(asked.wanted, say, is_anew=True)
    try:
        return _expand(schema_at(asked.order.source.folder, files, url), url)
    except Rejected as no:
        raise _closed(no) from no


@stage("open the preview", tries=3)
def open_preview(asked: Asked) -> Preview:
    """The healthy copy at its own address. Raises GateClosed when it does not build or does not become healthy."""
    say = speaker()
    variables = variables_of(asked, asked.previews.database(asked.wanted, say))
    try:
        return asked.previews.show(asked.order.source, asked.wanted, variables, say)
    except (Rejected, Unknown) as no:
        raise GateClosed(f"preview of {asked.order.label}: {no.message}", no.hint) from no


def _expand(schema: Schema, url: str) -> tuple[str, ...]:
    access, written = access_to(url), schema.written("expand", ())
    others = outdated(access, written)
    if others:
        raise Rejected(f"it has revisions that were rewritten or are gone: {', '.join(others)}")
    note_revisions(access, written)
    return schema.upgrade("expand", speaker())


def _closed(no: Rejected) -> GateClosed:
    return GateClosed(f"migrations of the preview: {no.message}", no.hint)
