"""An environment whose database, cache and records are at vendors' twins, with a secret of its own in every field."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deployments.twins.cloudflare import ZONE, CloudflareTwin
from deployments.twins.supabase import SupabaseTwin
from deployments.twins.supabase_project import SupabaseProjectTwin
from deployments.twins.vercel import VercelTwin
from infra.cdn.cloudflare import CloudflareCdn
from infra.config import parse_table
from infra.database.supabase_api import SupabaseApi
from infra.environment import Environment
from infra.errors import PipelineError
from infra.http import Patience

# The most that a test waits for a vendor that is not well.
QUICK = Patience(tries=3, seconds=2, first_pause_seconds=0.01)
VARIABLES = {
    "T_SUPABASE_TOKEN": "sbp_0123456789abcdef0123456789abcdef01234567",
    "T_PUBLISHABLE_KEY": "sb_publishable_0123456789abcdefghij",
    "T_DATABASE_URL": "postgresql://postgres:planted-database-pw@127.0.0.1:1/postgres",
    "T_CLOUDFLARE_TOKEN": "cloudflare-token-of-the-twin-0123456789",
    "T_VERCEL_TOKEN": VercelTwin.token,
    "T_VERCEL_BYPASS": VercelTwin.bypass,
    "T_S3_KEY": "planted-s3-key-4711",
    "T_S3_SECRET": "planted-s3-sekrit-4711",
    "T_BACKUP_KEY": "planted-backup-key-of-24-characters-and-more",
}


def vendor_environment(
    state: Path,
    *,
    supabase: SupabaseTwin | None = None,
    project: SupabaseProjectTwin | None = None,
    cloudflare: CloudflareTwin | None = None,
    vercel: VercelTwin | None = None,
    store: str = "http://127.0.0.1:1",
    buckets: tuple[str, str] = ("pipeline", "pipeline-backups"),
    **more: Any,
) -> Environment:
    """An environment called `staging`; a vendor without a twin is one where nobody answers."""
    nobody = "http://127.0.0.1:1"
    table: dict[str, Any] = {
        "name": "staging",
        "kind": "staging",
        "state_folder": str(state),
        "app": {"name": "securyflex"},
        "objects": {
            "endpoint": store,
            "bucket": buckets[0],
            "backup_bucket": buckets[1],
            "key": "env:T_S3_KEY",
            "secret": "env:T_S3_SECRET",
            "backup_key": "env:T_BACKUP_KEY",
        },
        "supabase": {
            "project": "abcdefghijklmnopqrst",
            "token": "env:T_SUPABASE_TOKEN",
            "database_url": "env:T_DATABASE_URL",
            "publishable_key": "env:T_PUBLISHABLE_KEY",
            "api": supabase.url if supabase else nobody,
            "project_url": project.url if project else nobody,
            "functions": ["send-invoice"],
            "restore_timeout_seconds": 5,
            "poll_seconds": 0.02,
        },
        "cloudflare": {
            "zone": ZONE,
            "token": "env:T_CLOUDFLARE_TOKEN",
            "api": cloudflare.url if cloudflare else nobody,
            "domains": ["app.securyflex.example"],
        },
    }
    if vercel:
        table["vercel"] = {
            "project": vercel.project,
            "domain": vercel.domain,
            "team": vercel.team,
            "token": "env:T_VERCEL_TOKEN",
            "bypass": "env:T_VERCEL_BYPASS",
            "api": vercel.url,
            "poll_seconds": 0.02,
            "job_timeout_seconds": 3,
        }
        table["watch"] = {"previous_percent": 0}
    return parse_table(Environment, {**table, **more}, "staging.toml")


def how_it_ends(act: Callable[[], object]) -> tuple[str, str]:
    """`well`, or the name of the error and its text."""
    try:
        act()
    except PipelineError as error:
        return type(error).__name__, str(error)
    return "well", ""


CLOUDFLARE_ACTS: dict[str, Callable[[CloudflareCdn], object]] = {
    "user-api-tokens-verify-token": lambda cdn: cdn.token(),
    "zones-0-get": lambda cdn: cdn.zone(),
    "zone-purge": lambda cdn: cdn.purge(tags=["app"]),
    "zone-settings-get-single-setting": lambda cdn: cdn.security_level(),
    "zone-settings-edit-single-setting": lambda cdn: cdn.set_security_level("high"),
    "dns-records-for-a-zone-list-dns-records": lambda cdn: cdn.records(),
}


def a_while_ago() -> int:
    return int(time.time()) - 3600


def drop(api: SupabaseApi) -> None:
    for branch in api.branches():
        api.drop_branch(branch)


SUPABASE_ACTS: dict[str, Callable[[SupabaseApi], object]] = {
    "v1-get-project": lambda api: api.project(),
    "v1-get-services-health": lambda api: api.services(),
    "v1-list-project-addons": lambda api: api.addons(),
    "v1-get-pooler-config": lambda api: api.poolers(),
    "v1-get-project-api-keys": lambda api: api.keys(),
    "v1-list-all-backups": lambda api: api.backups(),
    "v1-restore-pitr-backup": lambda api: api.restore_to(a_while_ago(), str),
    "v1-get-readonly-mode-status": lambda api: api.read_only(),
    "v1-disable-readonly-mode-temporarily": lambda api: api.allow_writes(),
    "v1-get-network-restrictions": lambda api: api.restrictions(),
    "v1-patch-network-restrictions": lambda api: api.restrict(add=["192.0.2.0/24"]),
    "v1-list-all-branches": lambda api: api.branches(),
    "v1-create-a-branch": lambda api: api.ensure_branch("preview-7", "feature/seven"),
    "v1-get-a-branch-config": lambda api: [api.branch_access(branch) for branch in api.branches()],
    "v1-delete-a-branch": drop,
}


def as_toml(table: Mapping[str, Any], path: str = "") -> str:
    """A table as the text of a file; texts, numbers and lists are written as in JSON."""
    plain = [f"{key} = {json.dumps(value)}" for key, value in table.items() if not isinstance(value, Mapping)]
    tables = [
        f"\n[{path}{key}]\n{as_toml(value, f'{path}{key}.')}"
        for key, value in table.items()
        if isinstance(value, Mapping)
    ]
    return "\n".join([*plain, *tables]) + "\n"
