"""Blocks for every credential, so that a person fills them in once, in a form, and Prefect keeps them encrypted.

An environment's file then says `token = "block:vercel-credentials/production"`; fields have the same names there.
"""

from __future__ import annotations

from prefect.blocks.core import Block
from prefect_github import GitHubCredentials
from pydantic import Field, SecretStr

DOCUMENTATION = "docs/prefect.md"


class VercelCredentials(Block):
    """For [vercel] of an environment's file."""

    _block_type_name = "Vercel credentials"
    _block_type_slug = "vercel-credentials"
    _description = "What opens a Vercel project: token, and the bypass of its deployment protection"

    token: SecretStr = Field(description="An access token that may deploy to the project's team")
    bypass: SecretStr | None = Field(None, description="The project's Protection Bypass for Automation")


class SupabaseCredentials(Block):
    """For [supabase]."""

    _block_type_name = "Supabase credentials"
    _block_type_slug = "supabase-credentials"
    _description = "What opens a Supabase project and its database"

    token: SecretStr = Field(description="An access token of the account that owns the project")
    database_url: SecretStr = Field(description="postgresql:// straight to the database, port 5432, with the password")
    publishable_key: SecretStr | None = Field(None, description="The key that browsers get; for realtime and functions")


class CloudflareCredentials(Block):
    """For [cloudflare]."""

    _block_type_name = "Cloudflare credentials"
    _block_type_slug = "cloudflare-credentials"
    _description = "What may purge a zone's cache and raise its shield"

    token: SecretStr = Field(description="An API token with Zone Read, DNS Read, Cache Purge and Zone Settings Edit")


class ObjectStoreCredentials(Block):
    """For [objects]."""

    _block_type_name = "Object store credentials"
    _block_type_slug = "object-store-credentials"
    _description = "What may write the buckets of the pipeline's records and of its backups"

    key: SecretStr = Field(description="The access key's id")
    secret: SecretStr = Field(description="The access key's secret")


class BackupKey(Block):
    """For [objects], apart from the store's own: who can read the store still cannot read a backup."""

    _block_type_name = "Backup key"
    _block_type_slug = "backup-key"
    _description = "What seals and opens the backups; lost, they cannot be opened by anybody"

    backup_key: SecretStr = Field(description="A long random text; keep a copy where no computer reads it")


CREDENTIALS: tuple[type[Block], ...] = (
    VercelCredentials,
    SupabaseCredentials,
    CloudflareCredentials,
    ObjectStoreCredentials,
    BackupKey,
    GitHubCredentials,
)
