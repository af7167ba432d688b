"""The object store and the key that seals backups: both buckets let us in, and the key opens what is there."""

from __future__ import annotations

from functools import partial

from infra.database.catalog import list_backups
from infra.database.supabase_access import supabase_archive
from infra.doctor import Check
from infra.environment import Environment
from infra.objects.configured import configured_objects


def check_storage(environment: Environment) -> list[Check]:
    """Of an environment that is not local."""
    checks = [
        Check("object store", "records", partial(_lets_in, environment, backups=False)),
        Check("object store", "backups", partial(_lets_in, environment, backups=True)),
    ]
    if environment.supabase:
        checks.append(Check("object store", "backup key", partial(_key_fits, environment)))
    return checks


def _lets_in(environment: Environment, *, backups: bool) -> str:
    objects = configured_objects(environment, backups=backups)
    objects.check()
    return f"bucket {objects.bucket} at {objects.endpoint} lets us in"


def _key_fits(environment: Environment) -> str:
    archive = supabase_archive(environment)
    dumps = list_backups(archive)  # each record carries a signature that only this key makes
    newest = f"the newest is {dumps[0].id}" if dumps else "there is none yet"
    return f"key {archive.key.id} fits all {len(dumps)} dumps, {newest}"
