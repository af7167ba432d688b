"""A whole environment, `staging`, at the twins of all its vendors, with a real Postgres and a real object store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import httpx
import psycopg
from psycopg import sql

from deployments.twins.cloudflare import ZONE, CloudflareTwin
from deployments.twins.github import GithubTwin
from deployments.twins.github_app import APP_ID, INSTALLATION
from deployments.twins.github_state import REPOSITORY
from deployments.twins.server import Twin
from deployments.twins.supabase import SupabaseTwin
from deployments.twins.tls import certificate, tls_server
from deployments.twins.vercel import VercelTwin
from deployments.variables import variables_set
from infra.database.local import LocalDatabase
from infra.environment import Environment, load_environment
from infra.local.credentials import local_credentials
from infra.local.object_store import endpoint
from infra.local.postgres_settings import superuser
from infra.platform import Platform, connect
from tasks.release import platform_of

NAME = "staging"
BACKUP_KEY = "planted-backup-key-of-24-characters-and-more"
CERTIFICATE_DAYS = 90
FILE = """
name = "staging"
kind = "staging"

[app]
name = "{app}"
{app_table}

[objects]
endpoint = "{store}"
bucket = "{app}-records"
backup_bucket = "{app}-backups"
key = "env:T_STORE_KEY"
secret = "env:T_STORE_WORD"
backup_key = "env:T_BACKUP_KEY"

[vercel]
project = "{project}"
domain = "{domain}"
team = "{team}"
token = "env:T_VERCEL_TOKEN"
bypass = "env:T_VERCEL_BYPASS"
api = "{vercel}"
poll_seconds = 0.1

[supabase]
project = "{ref}"
token = "env:T_SUPABASE_TOKEN"
database_url = "env:T_DATABASE_URL"
api = "{supabase}"
poll_seconds = 0.1
"""
# The two that a release can do without.
CLOUDFLARE = """
[cloudflare]
zone = "{zone}"
token = "env:T_CLOUDFLARE_TOKEN"
api = "{cloudflare}"
domains = ["{face}"]
"""
GITHUB = """
[github]
repository = "{repository}"
{github_opener}
api = "{github}"
pages = "https://prefect.example"
"""
BY_TOKEN = 'token = "env:T_GITHUB_TOKEN"'
BY_APP = f'app_id = "{APP_ID}"\ninstallation = {INSTALLATION}\nprivate_key = "env:T_GITHUB_APP_KEY"'


@dataclass(frozen=True)
class Staging:
    """The environment with its twins; Cloudflare's and GitHub's are asked only where the file has their tables."""

    app: str
    vercel: VercelTwin
    supabase: SupabaseTwin
    cloudflare: CloudflareTwin
    github: GithubTwin
    environment: Environment

    @property
    def twins(self) -> tuple[Twin, ...]:
        """All of them."""
        return (self.vercel, self.supabase, self.cloudflare, self.github)

    def platform(self) -> Platform:
        """Through clients that know nothing yet."""
        return connect(self.environment, self.app)

    def served(self) -> str:
        """The version that a visitor gets now."""
        return httpx.get(f"http://{self.vercel.domain}/").text.strip()


@contextmanager
def staging_at_twins(
    local: Environment,
    app: str,
    folder: Path,
    more: str = "",
    *,
    app_table: str = "",
    database_url: str = "",
    variables: Mapping[str, str] | None = None,
    is_whole: bool = False,
    by_app: bool = False,
) -> Iterator[Staging]:
    """`staging.toml` in the folder of environments, for as long as the block, and what it names.

    `local` is a platform that runs; `folder` is for files of this environment's own. `more` and `app_table` are TOML
    for the end of the file and of its `[app]`. Without a `database_url` it is a database of its own on `local`.
    With `is_whole` Cloudflare and GitHub are part of it; a GitHub App opens the repository where it goes `by_app`.
    """
    file = Path(os.environ["PIPELINE_ENVIRONMENTS"]) / f"{NAME}.toml"
    with ExitStack() as stack:
        vercel, supabase = stack.enter_context(VercelTwin()), stack.enter_context(SupabaseTwin())
        cloudflare, github = stack.enter_context(CloudflareTwin()), stack.enter_context(GithubTwin())
        given = _store(local, app)
        given |= {
            "T_VERCEL_TOKEN": vercel.token,
            "T_VERCEL_BYPASS": vercel.bypass,
            "T_SUPABASE_TOKEN": supabase.token,
            "T_CLOUDFLARE_TOKEN": cloudflare.token,
            "T_GITHUB_TOKEN": github.token,
            "T_GITHUB_APP_KEY": github.app_key,
            "T_DATABASE_URL": database_url or _database_url(local, app),
        }
        face = ""
        if is_whole:
            face, authority = _face(stack, folder, cloudflare)
            given["SSL_CERT_FILE"] = authority
        stack.enter_context(variables_set({**given, **(variables or {})}))
        text = FILE + (CLOUDFLARE + GITHUB if is_whole else "")
        where = {"store": endpoint(local), "app": app, "app_table": app_table, "face": face, "zone": ZONE}
        file.write_text(
            text.format(
                **where,
                project=vercel.project,
                domain=vercel.domain,
                team=vercel.team,
                ref=supabase.state.ref,
                repository=REPOSITORY,
                github_opener=BY_APP if by_app else BY_TOKEN,
                **{twin.vendor.lower(): twin.url for twin in (vercel, supabase, cloudflare, github)},
            )
            + more
        )
        stack.callback(file.unlink)
        platform_of.cache_clear()
        stack.callback(platform_of.cache_clear)
        yield Staging(app, vercel, supabase, cloudflare, github, load_environment(NAME))


def _store(local: Environment, app: str) -> dict[str, str]:
    """The environment's two buckets, and the variables that open them."""
    keys = local_credentials(local.state)
    store = boto3.client(
        "s3",
        endpoint_url=endpoint(local),
        region_name="us-east-1",
        aws_access_key_id=keys.object_store_key,
        aws_secret_access_key=keys.object_store_secret,
    )
    have = {bucket["Name"] for bucket in store.list_buckets()["Buckets"]}
    for bucket in {f"{app}-records", f"{app}-backups"} - have:
        store.create_bucket(Bucket=bucket)
    return {
        "T_STORE_KEY": keys.object_store_key,
        "T_STORE_WORD": keys.object_store_secret,
        "T_BACKUP_KEY": BACKUP_KEY,
    }


def _database_url(local: Environment, app: str) -> str:
    """A database whose owner may do what `postgres` of a Supabase project may: `pipeline doctor` asks for all of it."""
    found = LocalDatabase(local).ensure(app)
    root = superuser(local, "postgres-primary", local.platform.postgres_port)
    with psycopg.connect(root.url, autocommit=True) as connection:
        role = sql.Identifier(str(urlsplit(found).username))
        connection.execute(sql.SQL("ALTER ROLE {} REPLICATION BYPASSRLS CREATEDB").format(role))
        connection.execute(sql.SQL("GRANT pg_signal_backend TO {}").format(role))
    return found


def _face(stack: ExitStack, folder: Path, cloudflare: CloudflareTwin) -> tuple[str, str]:
    """The domain that visitors use, with its record and its certificate; and the file of who vouches for it."""
    pem = folder / "certificate.pem"
    pem.write_bytes(certificate("localhost", CERTIFICATE_DAYS))
    port = stack.enter_context(tls_server(pem))
    cloudflare.state.add_record("localhost", "CNAME", "cname.vercel-dns.com")
    return f"localhost:{port}", str(pem)
