"""Measures backups of a database that grows: making, restoring, going to a moment, and losing everything."""

from __future__ import annotations

import datetime
import shutil
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import psycopg

from deployments.bench.backup_ground import APP, Ground, ground, timed
from infra.commands import Say, command, run
from infra.database.connection import Access
from infra.database.markers import archive_timeout, close_segment
from infra.database.restore_plan import plan_restore
from infra.database.targets import Target
from infra.errors import Rejected
from infra.local.postgres import Primary
from infra.local.postgres_binaries import postgres_command
from infra.local.postgres_scratch import scratch_cluster
from infra.local.postgres_settings import postgres_folder, replicator
from infra.processes import stop

PARTS = ("backup", "growth")
SIZES_MB = (250.0, 500.0, 1000.0, 2000.0)
CHOSEN_MB = 1000.0
_ARCHIVED_SECONDS = 900.0


def measure_backup(
    say: Say, sizes_mb: Sequence[float] = SIZES_MB, chosen_mb: float = CHOSEN_MB, parts: Collection[str] = PARTS
) -> dict[str, Any]:
    """`backup` and `restore` at `chosen_mb`; `moments` to return to; `growth` over `sizes_mb`, where asked for.

    Bytes of the copied data folder, times in seconds. `basebackup_seconds` is Postgres's own pg_basebackup into a
    folder on this machine, without compression or sealing, right before each of ours. `rpo_seconds` is what was lost
    when the primary and its disk went at once, at the last size; it can be anything up to `rpo_bound_seconds`:
    Postgres ends a segment by itself so often, then it is archived.
    """
    sizes = sorted({*(sizes_mb if "growth" in parts else ()), *((chosen_mb,) if "backup" in parts else ())})
    _check_disk(sizes[-1])
    with ground(say) as stage:
        moments = _measure_moments(stage) if "backup" in parts else {}
        growth = {size: _measure_size(stage, size) for size in sizes}
        lost = _lose_everything(stage) if "backup" in parts else {}
    found: dict[str, Any] = {}
    if "backup" in parts:
        chosen = growth[chosen_mb]
        found["backup"] = {key: chosen[key] for key in ("bytes", "stored_bytes", "seconds", "basebackup_seconds")}
        found["restore"] = {"seconds": chosen["restore_seconds"], **lost}
        found["moments"] = moments
    return found | ({"growth": [growth[size] for size in sizes]} if "growth" in parts else {})


def _check_disk(megabytes: float) -> None:
    """The data, its standby, its copies at each size and its log, and a restore of it: about nine times the size."""
    free, needed = shutil.disk_usage(tempfile.gettempdir()).free, int(9e6 * megabytes)
    if free < needed:
        raise Rejected(
            f"the disk at {tempfile.gettempdir()} has {free} bytes of room, the measurement needs {needed}",
            "make room, or set TMPDIR to another disk",
        )


def _measure_size(stage: Ground, megabytes: float) -> dict[str, Any]:
    stage.say(f"growing to {megabytes:g} MB")
    stage.fill(megabytes)
    _wait_until_archived(stage)
    times: dict[str, float] = {}
    with timed(times, "basebackup_seconds"):
        _plain_copy(stage)
    with timed(times, "seconds"):
        made = stage.database.snapshot(f"size-{megabytes:g}", stage.say)
    backup = next(found for found in stage.recovery.backups() if found.id == made.id)
    plan = plan_restore(stage.archive, Target("snapshot", made.id))
    with timed(times, "with_checks"), scratch_cluster(stage.environment, stage.archive, plan, stage.say) as restored:
        times["restore_seconds"] = round(restored.fetch_seconds + restored.replay_seconds, 2)
        rows = _rows(replace(restored.access, database=APP), "filler")
    found = {
        "bytes": backup.raw_bytes,
        "stored_bytes": backup.bytes,
        "megabytes": megabytes,
        "rows_are_exact": rows == stage.ask("SELECT count(*) FROM filler")[0][0],
        **{key: times[key] for key in ("seconds", "basebackup_seconds", "restore_seconds")},
    }
    stage.say(f"measured: {found}")
    return found


def _plain_copy(stage: Ground) -> None:
    access = replicator(stage.environment, stage.environment.platform.postgres_port)
    folder = postgres_folder(stage.environment) / "plain-copy"
    where = (f"--host={access.host}", f"--port={access.port}", f"--username={access.user}", "--no-password")
    words = postgres_command("pg_basebackup", f"--pgdata={folder}", "--wal-method=none", "--checkpoint=fast", *where)
    run(command(*words, variables={"PGPASSWORD": access.password}, timeout_seconds=3600))
    shutil.rmtree(folder)


def _measure_moments(stage: Ground) -> dict[str, Any]:
    """To just before and just after one row among others, by time and by restore point; counts are exact or not."""
    stage.ask("CREATE TABLE IF NOT EXISTS ticks (id serial PRIMARY KEY, written timestamptz DEFAULT clock_timestamp())")
    stage.database.snapshot("moments", stage.say)
    stage.ask("INSERT INTO ticks SELECT FROM generate_series(1, 1000)")
    before, point_before = _now(stage), stage.database.mark(f"before-{time.time_ns()}")
    stage.ask("INSERT INTO ticks DEFAULT VALUES")
    after, point_after = _now(stage), stage.database.mark(f"after-{time.time_ns()}")
    stage.ask("INSERT INTO ticks SELECT FROM generate_series(1, 500)")
    _wait_until_archived(stage)
    targets = {
        "time just before": (Target("time", before), 1000),
        "time just after": (Target("time", after), 1001),
        "point just before": (Target("point", point_before.name), 1000),
        "point just after": (Target("point", point_after.name), 1001),
    }
    rows = [{"moment": name, "expected": rows, **_visit(stage, target)} for name, (target, rows) in targets.items()]
    return {"tried": len(rows), "exact": sum(row["rows"] == row["expected"] for row in rows), "rows": rows}


def _visit(stage: Ground, target: Target) -> dict[str, Any]:
    plan = plan_restore(stage.archive, target)
    with scratch_cluster(stage.environment, stage.archive, plan, stage.say) as restored:
        found = _rows(replace(restored.access, database=APP), "ticks")
        return {"rows": found, "seconds": round(restored.fetch_seconds + restored.replay_seconds, 2)}


def _lose_everything(stage: Ground, seconds: float = 75.0) -> dict[str, Any]:
    """Primary and disk go at once while somebody writes; from the archive alone, everything archived comes back."""
    stage.ask("CREATE TABLE IF NOT EXISTS life (written float8)")
    stage.ask("INSERT INTO life SELECT extract(epoch FROM clock_timestamp())")
    bound = archive_timeout(stage.access) + close_segment(stage.access, stage.archive, "before-the-loss")
    _write_for(stage, seconds)
    primary = Primary(stage.environment)
    stop(primary.cluster.daemon, grace_seconds=0)
    died = time.time()
    primary.down(stage.say)
    shutil.rmtree(primary.cluster.folder)
    started = time.monotonic()
    stage.recovery.restore(Target("latest"), stage.say)
    took = time.monotonic() - started
    ((newest,),) = stage.ask("SELECT coalesce(max(written), 0) FROM life")
    lost = round(died - float(str(newest)), 2)
    return {"rto_seconds": round(took, 2), "rpo_seconds": lost, "rpo_bound_seconds": round(bound, 1)}


def _write_for(stage: Ground, seconds: float) -> None:
    """A row each 50 ms, with the time at which it was acknowledged at the latest."""
    deadline = time.monotonic() + seconds
    with psycopg.connect(stage.access.url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            connection.execute("INSERT INTO life VALUES (%s)", [time.time()])
            time.sleep(0.05)


def _wait_until_archived(stage: Ground) -> None:
    """Until no finished segment waits any more."""
    stage.ask("CREATE TABLE IF NOT EXISTS turn (n int)")
    stage.ask("INSERT INTO turn VALUES (1)")
    stage.ask("SELECT pg_switch_wal()")
    deadline = time.monotonic() + _ARCHIVED_SECONDS
    while stage.ask("SELECT 1 FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the log was not archived within {_ARCHIVED_SECONDS:g} s")
        time.sleep(0.2)


def _now(stage: Ground) -> str:
    """By the server's clock, with a little room on both sides."""
    time.sleep(0.05)
    ((epoch,),) = stage.ask("SELECT extract(epoch FROM clock_timestamp())::float8")
    time.sleep(0.05)
    return datetime.datetime.fromtimestamp(float(str(epoch)), datetime.UTC).isoformat()


def _rows(access: Access, table: str) -> int:
    with psycopg.connect(access.url) as connection:
        found = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()  # noqa: S608 # our own tables
    return int(found[0]) if found else 0
