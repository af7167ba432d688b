"""Verbs for the data: prove a backup, restore, promote the standby, and list what there is to return to."""

from __future__ import annotations

import datetime
import json as jsonlib
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deployments.cli.flow_verbs import run_flow
from infra.database.catalog import Backup
from infra.database.local_recovery import recovery_of
from infra.database.proof import Proof
from infra.database.recovery import Recovery
from infra.database.targets import target_of
from infra.environment import load_environment
from infra.errors import Rejected

Env = Annotated[str, typer.Option("--env", help="Which environment.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output when it is over.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the run to its end, or only start it.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command("verify-backup")(verify_backup)
    app.command("promote-standby")(promote_standby)
    app.command("restore")(restore)
    app.command("backups")(backups)


def verify_backup(env: Env = "local", wait: Wait = True, json: Json = False) -> None:
    """Restore the newest backup beside, replay the log, check everything, and keep the signed proof.

    Exit code 3 when the backup is not what it should be; the message names what is wrong.
    """
    raise typer.Exit(run_flow("verify-backup", env, {}, wait, json))


def restore(
    to_time: Annotated[str, typer.Option(help="A time with its zone: 2026-01-31T09:00:00+01:00.")] = "",
    to_point: Annotated[str, typer.Option(help="A restore point's name; see `pipeline backups`.")] = "",
    to_snapshot: Annotated[str, typer.Option(help="A snapshot's id or name; see `pipeline backups`.")] = "",
    to_latest: Annotated[bool, typer.Option("--to-latest", help="As far as the archived log goes.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen, and touch nothing.")] = False,
    env: Env = "local",
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Bring the data of all apps back to a moment. The old cluster is kept aside, never destroyed.

    Example: pipeline restore --to-time 2026-01-31T09:00:00+01:00 --dry-run
    """
    target_of(to_time, to_point, to_snapshot, to_latest)
    asked = {"to_time": to_time, "to_point": to_point, "to_snapshot": to_snapshot, "to_latest": to_latest}
    raise typer.Exit(run_flow("restore", env, {**asked, "dry_run": dry_run}, wait, json))


def promote_standby(
    reason: Annotated[str, typer.Option(help="Why; people will read it.")],
    env: Env = "local",
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Make the standby the primary, and build a new standby. The old primary's data is kept aside."""
    raise typer.Exit(run_flow("promote-standby", env, {"reason": reason}, wait, json))


def backups(env: Env = "local", json: Json = False) -> None:
    """List what there is to return to: snapshots, restore points, and the newest proof."""
    recovery = recovery_of(load_environment(env))
    found, points = recovery.backups(), recovery.points()
    proof, refuted = _evidence(recovery)
    if json:
        table = {"backups": [_facts(one) for one in found], "points": [asdict(point) for point in points]}
        print(jsonlib.dumps({**table, "proof": asdict(proof) if proof else None, "refuted": refuted}))
        return
    screen = Console(highlight=False, soft_wrap=True)
    screen.print(_table(found))
    screen.print(f"{len(points)} restore points, the newest: {', '.join(point.name for point in points[:5]) or '-'}")
    for line in proof.lines() if proof else [refuted or "no backup was proven yet: `pipeline verify-backup`"]:
        screen.print(line, markup=False)


def _evidence(recovery: Recovery) -> tuple[Proof | None, str]:
    """The newest proof, or why there is none that counts."""
    try:
        return recovery.newest_proof(), ""
    except Rejected as no:
        return None, no.message


def _facts(backup: Backup) -> dict[str, object]:
    return {**asdict(backup), "pieces": len(backup.pieces), "bytes": backup.bytes, "seconds": round(backup.seconds, 1)}


def _table(found: list[Backup]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("snapshot", "name", "ended, UTC", "stored, MB", "data, MB", "took, s", "log", "schema"):
        table.add_column(title)
    for one in found:
        ended = datetime.datetime.fromtimestamp(one.ended, datetime.UTC)
        schema = ", ".join(f"{app} {'+'.join(heads) or '-'}" for app, heads in one.revisions.items())
        numbers = (f"{one.bytes / 1e6:.1f}", f"{one.raw_bytes / 1e6:.1f}", f"{one.seconds:.1f}")
        table.add_row(
            one.id, one.name, f"{ended:%Y-%m-%d %H:%M:%S}", *numbers, f"{one.begin_lsn} {one.end_lsn}", schema
        )
    return table
