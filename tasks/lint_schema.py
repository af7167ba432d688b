"""Looks through what a version would run in the database, before anything is built or touched."""

from __future__ import annotations

from tasks.release import Release, speaker
from tasks.schema import check_known, files_of, schema_of
from tasks.schema.linting import check_lint, lint_written
from tasks.stage import Journey, stage


@stage("lint migrations", tries=3, journey=Journey(asks_anew=True))
def lint_schema(release: Release, branch: str = "expand") -> str:
    """One line on what was looked at. Raises GateClosed naming file, line, rule and rewrite of what is unsafe."""
    say = speaker()
    schema = schema_of(release, release.platform.database.ensure(release.app))
    if schema is None:
        return "the app names no migrations in pipeline.toml"
    fact = check_lint(lint_written(files_of(release), check_known(schema, branch)), say)
    say(fact)
    return fact
