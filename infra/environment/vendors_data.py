"""Where an environment's data, cache and backups are: Supabase, Cloudflare, and a bucket of anything that speaks S3."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.config import Part
from infra.environment.secret import PLACE, SecretName

Url = Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+[^\s?#]*$")]
OptionalUrl = Annotated[str, Field(pattern=r"^(https?://[^\s/?#@]+[^\s?#]*)?$")]
NeededSecret = Annotated[str, Field(pattern=rf"^{PLACE}$")]
SchemaName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
Domain = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$")]


class Supabase(Part):
    """One project. `database_url` leads straight to Postgres (port 5432), not to the transaction pooler (6543).

    `backup_schemas` are what our own dumps hold; those in `app_schemas` are brought back in place by a restore,
    while Supabase looks after the others.
    """

    project: str = Field(pattern=r"^[a-z]{20}$")
    token: NeededSecret
    database_url: NeededSecret
    publishable_key: SecretName = ""
    api: Url = "https://api.supabase.com"
    project_url: OptionalUrl = ""
    functions: tuple[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")], ...] = ()
    app_schemas: tuple[SchemaName, ...] = Field(("public",), min_length=1)
    backup_schemas: tuple[SchemaName, ...] = Field(("public", "auth", "storage"), min_length=1)
    restore_timeout_seconds: float = Field(7200, gt=0)
    poll_seconds: float = Field(5.0, gt=0, le=60)

    @property
    def url(self) -> str:
        """Where the project itself answers: realtime, functions, REST."""
        return (self.project_url or f"https://{self.project}.supabase.co").rstrip("/")


class Cloudflare(Part):
    """One zone. `domains` are the names that visitors use, each with a port where it is not 443.

    A release purges `purge_tags` and `purge_urls`; with neither, everything that the domains' cache holds.
    """

    zone: str = Field(pattern=r"^[0-9a-f]{32}$")
    token: NeededSecret
    api: Url = "https://api.cloudflare.com/client/v4"
    domains: tuple[Domain, ...] = Field(min_length=1)
    purge_tags: tuple[Annotated[str, Field(min_length=1, max_length=1024)], ...] = ()
    purge_urls: tuple[Url, ...] = ()
    certificate_min_days: float = Field(14, ge=0)


class ObjectStoreSettings(Part):
    """Two buckets of one store: the pipeline's own records, and the sealed backups with the key that opens them."""

    endpoint: Url
    region: str = Field("us-east-1", min_length=1)
    bucket: str = Field(min_length=3, max_length=63)
    backup_bucket: str = Field(min_length=3, max_length=63)
    key: NeededSecret
    secret: NeededSecret
    backup_key: NeededSecret
