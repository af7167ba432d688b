"""The object store and the key that seals backups: both buckets take, give and lose an object, the key opens what is
there, and the records of the environment that goes first can be read.
"""

from __future__ import annotations

import uuid
from functools import partial

from infra.database.catalog import list_backups
from infra.database.supabase_access import supabase_archive
from infra.doctor import Check
from infra.environment import Environment, load_environment
from infra.errors import PipelineError, Rejected, Unreachable
from infra.objects.configured import configured_objects
from infra.platform import objects_of

OWN = "doctor"


def check_storage(environment: Environment) -> list[Check]:
    """Of an environment that is not local."""
    checks = [
        Check("object store", "records", partial(_lets_in, environment, backups=False)),
        Check("object store", "backups", partial(_lets_in, environment, backups=True)),
    ]
    if environment.supabase:
        checks.append(Check("object store", "backup key", partial(_key_fits, environment)))
    return checks


def check_proving_ground(environment: Environment) -> list[Check]:
    """None where no other environment goes first."""
    where = environment.proving_ground
    return [Check("object store", f"records of {where}", partial(_reads, where))] if where else []


def _lets_in(environment: Environment, *, backups: bool) -> str:
    """Whether a key may write and delete shows only when it does. The name is of this look alone."""
    objects = configured_objects(environment, backups=backups)
    objects.check()
    key, content = f"{OWN}/{uuid.uuid4()}", b"written by pipeline doctor"
    objects.put(key, content)
    try:
        found = objects.get(key)
    finally:
        objects.delete(key)
    if found != content:
        raise Rejected(
            f"bucket {objects.bucket} at {objects.endpoint} gave back another {key} than it was given",
            "is there a cache in front of the store? give `endpoint` the store's own address",
        )
    return f"bucket {objects.bucket} at {objects.endpoint} lets us list, write, read and delete"


def _reads(where: str) -> str:
    """What its gate asks of it, with what this machine has: a list and an object."""
    try:
        objects = objects_of(load_environment(where))
        apps = objects.list("apps/")
        objects.get(apps[0].key if apps else f"{OWN}/none")
    except Unreachable:
        raise
    except PipelineError as error:
        fix = (
            f"{where}.toml names where the key is (objects.key, objects.secret): set these here too, to a key that may "
            f"list and read the bucket of {where}, under names of their own"
        )
        raise Rejected(f"the records of {where} cannot be read here: {error.message}", fix) from error
    return f"the records of {len(apps)} apps in {where} can be read, which a release here asks for"


def _key_fits(environment: Environment) -> str:
    archive = supabase_archive(environment)
    dumps = list_backups(archive)  # each record carries a signature that only this key makes
    newest = f"the newest is {dumps[0].id}" if dumps else "there is none yet"
    return f"key {archive.key.id} fits all {len(dumps)} dumps, {newest}"
