"""The environment that docs/setup.md describes, its file and variables as the page has them, led to the twins."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from pages import PAGES, toml_of

from deployments.twins.github_app import APP_ID, INSTALLATION
from deployments.twins.staging import Staging, staging_at_twins
from deployments.twins.supabase_project import SupabaseProjectTwin
from infra.environment import Environment, load_environment
from infra.local.credentials import local_credentials
from infra.local.object_store import endpoint

PAGE = "docs/setup.md"
APP = "securyflex"
# What is another one at the twins: addresses and ids, and how often a vendor is asked. No rule of any decision.
THEIRS = {
    "objects": ("endpoint",),
    "vercel": ("project", "team", "domain", "api", "poll_seconds"),
    "supabase": ("project", "api", "poll_seconds"),
    "cloudflare": ("zone", "api", "domains"),
    "github": ("repository", "api", "pages"),
}
# The page's variable, and what the twins' environment calls it.
SECRETS = {
    "VERCEL_TOKEN": "T_VERCEL_TOKEN",
    "VERCEL_BYPASS": "T_VERCEL_BYPASS",
    "SUPABASE_ACCESS_TOKEN": "T_SUPABASE_TOKEN",
    "SUPABASE_DATABASE_URL": "T_DATABASE_URL",
    "CLOUDFLARE_API_TOKEN": "T_CLOUDFLARE_TOKEN",
    "STAGING_S3_KEY": "T_STORE_KEY",
    "STAGING_S3_SECRET": "T_STORE_WORD",
}
# Named beside them, and not for this environment: what stands in the App's place, and another environment's key.
INSTEAD = {"GITHUB_TOKEN", "PRODUCTION_S3_KEY"}


@dataclass(frozen=True)
class Described:
    """The environment as the page has it, and the twins that it is led to."""

    environment: Environment
    twins: Staging


def names_in_the_table() -> set[str]:
    """The variables of section 2."""
    section = PAGES[PAGE].partition("## 2.")[2].partition("## 3.")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([A-Z0-9_]+)`", row)}


def changed(text: str, changes: Mapping[str, Mapping[str, Any]]) -> str:
    """TOML with the values of some keys replaced in place, and those that it lacks put first in their table."""
    table, lines = "", []
    for line in text.splitlines():
        if found := re.match(r"\[(\S+)\]", line):
            table = found[1]
            here = text.partition(f"[{table}]")[2].partition("\n[")[0]
            new = {k: v for k, v in changes.get(table, {}).items() if not re.search(rf"^{k} =", here, re.M)}
            lines += [line, *(f"{key} = {json.dumps(value)}" for key, value in new.items())]
        elif (key := line.partition(" =")[0]) in changes.get(table, {}):
            lines.append(f"{key} = {json.dumps(changes[table][key])}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


@contextmanager
def described(local: Environment, folder: Path, database: str = APP) -> Iterator[Described]:
    """Until the end of the block `staging` is what the page describes, and only its variables are set."""
    with (
        staging_at_twins(local, database, folder, is_whole=True) as twins,
        SupabaseProjectTwin() as project,
        pytest.MonkeyPatch.context() as patch,
    ):
        given = {name: os.environ[twin] for name, twin in SECRETS.items()}
        given |= {"SUPABASE_PUBLISHABLE_KEY": project.key, "PIPELINE_BACKUP_KEY": new_backup_key()}
        given["GITHUB_APP_KEY"] = twins.github.app_key
        assert set(given) == names_in_the_table() - INSTEAD, "the table of section 2 names other variables"
        for name in (*SECRETS.values(), "T_BACKUP_KEY", "T_GITHUB_TOKEN"):
            patch.delenv(name)
        for name, value in given.items():
            patch.setenv(name, value)
        text = written(local, twins, project.url)
        (Path(os.environ["PIPELINE_ENVIRONMENTS"]) / "staging.toml").write_text(text)
        environment = load_environment("staging")
        make_buckets(local, environment)
        deployed_once(twins)
        yield Described(environment, twins)


def written(local: Environment, twins: Staging, project_url: str) -> str:
    """The page's two blocks of TOML, led to the twins and to the orchestrator that `pipeline up` started."""
    known = twins.environment.model_dump(mode="json")
    changes = {table: {key: known[table][key] for key in keys} for table, keys in THEIRS.items()}
    changes["supabase"]["project_url"] = project_url
    changes["github"] |= {"app_id": APP_ID, "installation": INSTALLATION}
    changes["watch"] = {"seconds": 10}  # a release looks on for ten minutes afterwards
    page = toml_of(PAGE, 'name = "staging"') + toml_of(PAGE, "[github]")
    kind = 'kind = "staging"\n'
    return changed(page, changes).replace(kind, f'{kind}prefect_api = "{local.prefect_url}"\n', 1)


def beside(described: Described, name: str, app: str, more: str) -> Environment:
    """Another environment at the same twins: the page's file with that name, kind and app, and buckets of its own."""
    folder = Path(os.environ["PIPELINE_ENVIRONMENTS"])
    text = (folder / "staging.toml").read_text()
    for word, other in (('"staging"', f'"{name}"'), (f'"{APP}"', f'"{app}"'), (f'"{APP}-staging-', f'"{APP}-{name}-')):
        text = text.replace(word, other)
    (folder / f"{name}.toml").write_text(text + more)
    return load_environment(name)


def deployed_once(twins: Staging) -> None:
    """What section 1 asks for: the project's domain leads to a deployment that the pipeline knows nothing of."""
    with twins.vercel.lock:
        twins.vercel.make(twins.vercel.name, "production", {"githubCommitRef": "by-hand"}, takes_domains=True)


def new_backup_key() -> str:
    """By the command that the page names for it."""
    (words,) = re.findall(r"`(openssl [^`]+)`", PAGES[PAGE])
    return subprocess.run(["bash", "-c", words], check=True, capture_output=True, text=True).stdout.strip()


def make_buckets(local: Environment, environment: Environment) -> None:
    """The two that a person makes in section 1, where an earlier test of the session did not."""
    keys, settings = local_credentials(local.state), environment.objects
    assert settings is not None
    store = boto3.client(
        "s3",
        endpoint_url=endpoint(local),
        region_name=settings.region,
        aws_access_key_id=keys.object_store_key,
        aws_secret_access_key=keys.object_store_secret,
    )
    have = {one["Name"] for one in store.list_buckets()["Buckets"]}
    for bucket in {settings.bucket, settings.backup_bucket} - have:
        store.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": settings.region})  # type: ignore[typeddict-item]
