"""The buckets of an environment that is not local, as its `[objects]` table says."""

from __future__ import annotations

from infra.environment import Environment, ObjectStoreSettings
from infra.environment.secret import read_secret
from infra.errors import BadInput
from infra.objects.s3 import S3Objects


def configured_objects(environment: Environment, *, backups: bool = False) -> S3Objects:
    """The bucket of records, or the one of `backups`. Raises BadInput naming what the file or a variable lacks."""
    settings = store_settings(environment)
    return S3Objects(
        settings.endpoint,
        read_secret("objects.key", settings.key).get_secret_value(),
        read_secret("objects.secret", settings.secret).get_secret_value(),
        settings.backup_bucket if backups else settings.bucket,
        settings.region,
    )


def store_settings(environment: Environment) -> ObjectStoreSettings:
    """The `[objects]` table. Raises BadInput where there is none."""
    if environment.objects is None:
        raise BadInput(
            f"{environment.name}.toml: objects",
            "is missing: records and backups have no place",
            "add [objects]; example.toml explains its keys",
        )
    return environment.objects
