"""`pipeline migrate ...`: revisions written, looked through, applied, verified, promoted, and contracted."""

from __future__ import annotations

import datetime
import json as jsonlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deployments.cli import exit_codes
from deployments.cli.flow_verbs import run_flow
from infra.database.connection import access_to
from infra.environment import load_environment
from infra.errors import BadInput, Rejected, Unreachable
from infra.manifest import Manifest, SchemaFiles, read_manifest
from infra.platform import database_of, objects_of
from infra.schema.applied import applied_revisions
from infra.schema.models import Proposal, propose
from infra.schema.new_revision import write_revision
from infra.schema.of_app import schema_at
from tasks.schema.linting import lint_written
from tasks.schema.proof import read_proof

Env = Annotated[str, typer.Option("--env", help="Which environment.")]
Repo = Annotated[str, typer.Option(help="Git path or URL of the app; its pipeline.toml says where its schema is.")]
Folder = Annotated[Path, typer.Option("--repo", help="The app's source folder.")]
Ref = Annotated[str, typer.Option(help="Branch, tag or commit.")]
App = Annotated[str, typer.Option(help="The app's name.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the run to its end, or only start it.")]
NOBODYS = "postgresql://none:none@127.0.0.1/none"

migrate = typer.Typer(
    name="migrate", help="Change an app's schema: expand, backfill, verify, contract.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    """Register the verbs below `migrate`, and `retire`, which a contract waits for."""
    app.add_typer(migrate)
    app.command()(retire)


def retire(app: App, env: Env = "local", wait: Wait = True, json: Json = False) -> None:
    """End the version that is kept warm beside the live one, so that a contract may run.

    Refused (exit code 2) while a release is in flight or the version has visitors. A roll back then takes a release.
    """
    raise typer.Exit(run_flow("retire", env, {"app": app}, wait, json))


@migrate.command()
def generate(
    message: Annotated[str, typer.Option("--message", "-m", help="What it does, in a few words.")],
    branch: Annotated[str, typer.Option(help="expand or contract.")] = "expand",
    repo: Folder = Path(),
    env: Env = "local",
) -> None:
    """Write the file of a new revision, at the end of its branch.

    Where the app has Alembic models and the environment's database server is up, it holds what the models ask for:
    on contract what they no longer have, on expand everything else. Else it is to be filled in.

    Example: pipeline migrate generate -m "guards get a phone number"
    """
    manifest, files = _schema(repo)
    proposal, said = _propose(repo, manifest.name, files, branch, env)
    for path in write_revision(repo, files, message, branch, proposal):
        typer.echo(path)
    typer.echo(said, err=True)


def _propose(repo: Path, app: str, files: SchemaFiles, branch: str, env: str) -> tuple[Proposal | None, str]:
    """What the revision could hold, and a sentence on where it comes from."""
    if files.tool != "alembic" or not files.models:
        return None, "fill it in: only Alembic with models (schema.models) can tell what is missing"
    try:
        database = database_of(load_environment(env))
        url = database.scratch(app)
    except (Unreachable, Rejected) as silence:
        return None, f"fill it in: no database is at hand to compare the models with ({silence.message})"
    try:
        found = propose(repo, files, branch, url, lambda line: typer.echo(line, err=True))
    finally:
        database.drop_scratch(url)
    left = f"; {found.left} changes are left for the other branch" if found.left else ""
    if not found.upgrade:
        return None, f"fill it in: {files.models} ask for nothing on {branch}{left}"
    return found, f"read it before it runs: it brings the schema to {files.models}{left}"


@migrate.command()
def lint(
    repo: Folder = Path(),
    env: Annotated[str, typer.Option("--env", help="Only what is pending in its database; all when left out.")] = "",
    json: Json = False,
) -> None:
    """Find what may break a live version, with file, line and the safe rewrite. Runs nothing.

    Exit code 3 when something is unsafe.
    """
    manifest, files = _schema(repo)
    url = database_of(load_environment(env)).url(manifest.name) if env else NOBODYS
    schema = schema_at(repo, files, url)
    have = None if env else ()
    reports = [lint_written(files, schema.written(branch, have)) for branch in ("expand", "contract")]
    found = [finding for report in reports for finding in report.findings]
    if json:
        print(
            jsonlib.dumps({"findings": [asdict(one) for one in found], "waived": sum((r.waived for r in reports), ())})
        )
    for finding in () if json else found:
        typer.echo(f"{'unsafe' if finding.is_blocking else 'advice'}: {finding}")
    looked = f"{sum(r.statements for r in reports)} statements in {sum(r.revisions for r in reports)} revisions"
    unsafe = sum(1 for one in found if one.is_blocking)
    typer.echo(f"{looked}: {unsafe} unsafe, {len(found) - unsafe} pieces of advice", err=json)
    raise typer.Exit(exit_codes.GATE_CLOSED if unsafe else exit_codes.OK)


@migrate.command()
def apply(ref: Ref, repo: Repo = ".", env: Env = "local", wait: Wait = True, json: Json = False) -> None:
    """Apply a version's expand revisions, verify them, and write down that they were: not in production."""
    raise typer.Exit(_start("apply", env, ref, repo, wait, json))


@migrate.command()
def verify(ref: Ref, repo: Repo = ".", env: Env = "local", wait: Wait = True, json: Json = False) -> None:
    """Read the schema back: complete, as the models and invariants want it, and the live version works on it."""
    raise typer.Exit(_start("verify", env, ref, repo, wait, json))


@migrate.command()
def promote(ref: Ref, repo: Repo = ".", env: Env = "production", wait: Wait = True, json: Json = False) -> None:
    """Apply revisions that were verified elsewhere, exactly as they were there."""
    raise typer.Exit(_start("promote", env, ref, repo, wait, json))


@migrate.command()
def contract(
    app: App,
    env: Env = "local",
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this it is only shown.")] = False,
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Show what the live version's contract revisions take away and how many rows that is; with --apply, do it."""
    raise typer.Exit(run_flow("migrate", env, {"action": "contract", "app": app, "drop": apply}, wait, json))


@migrate.command()
def status(app: App, env: Env = "local", json: Json = False) -> None:
    """The revisions that the database has, what each cost, and where it stands with backfill and proof."""
    settings = load_environment(env)
    objects = objects_of(settings)
    rows = []
    for one in applied_revisions(access_to(database_of(settings).url(app))):
        proof = read_proof(objects, app, one.id)
        rows.append({**asdict(one), "verified": proof.verified if proof else 0.0})
    if json:
        print(jsonlib.dumps({"app": app, "environment": env, "revisions": rows}))
        return
    table = Table(box=None, pad_edge=False)
    for title in ("revision", "branch", "applied", "held at most, ms", "waited, ms", "rows filled", "verified"):
        table.add_column(title)
    for row in rows:
        filled = f"{row['rows']}, unfinished" if row["unfinished"] else str(row["rows"])
        held = "-" if row["held_ms"] is None else f"{row['held_ms']:.0f}"
        when, verified = _when(row["applied"]), _when(row["verified"]) if row["verified"] else "no"
        table.add_row(row["id"], row["branch"], when, held, f"{row['waited_ms']:.0f}", filled, verified)
    Console(highlight=False, soft_wrap=True).print(table)


def _start(action: str, env: str, ref: str, repo: str, wait: bool, json: bool) -> int:
    place = str(Path(repo).resolve()) if Path(repo).exists() else repo
    return run_flow("migrate", env, {"action": action, "repository": place, "ref": ref}, wait, json)


def _schema(folder: Path) -> tuple[Manifest, SchemaFiles]:
    manifest = read_manifest(folder)
    if manifest.migrations is None:
        raise BadInput("pipeline.toml: schema", "is missing", 'add [schema] with tool = "alembic" or "sql"')
    return manifest, manifest.migrations


def _when(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
