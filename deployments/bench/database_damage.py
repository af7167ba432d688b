"""Measures the way back (c): a release whose migration damages data, under writers, and what became of each write."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from deployments.bench.canary_app import SERVER
from deployments.bench.ledger_writers import LedgerWriters
from deployments.bench.whole_platform import NAME, whole_platform
from deployments.prefect_api import FlowRun, PrefectApi
from infra.commands import Command, Say, run
from infra.environment import Environment
from infra.errors import PipelineError
from infra.manifest import FILE_NAME
from infra.platform import connect
from tasks.records import list_records

APP = "bench-damage"
INVARIANT = "SELECT id FROM people WHERE email LIKE 'gone-%'"
_LONGEST_SECONDS = 600.0
MANIFEST = f"""name = "{APP}"
[commands]
start = "env APP_VERSION=v FAILING=0 WAITING=0 python3 server.py"
[health]
path = "/health"
[schema]
tool = "sql"
directory = "db"
invariants = ["{INVARIANT}"]
"""
BASE = """CREATE TABLE people (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, seen int NOT NULL DEFAULT 0);
INSERT INTO people SELECT n, 'user' || n FROM generate_series(1, {rows}) n;
"""
DAMAGE = "-- backfill key=id batch=2000\nUPDATE people SET email = 'gone-' || id WHERE email LIKE 'user1%';\n"
FIRST = {FILE_NAME: MANIFEST, "server.py": SERVER, "db/1_people.down.sql": "DROP TABLE people;\n"}
SECOND = {"db/2_damage.sql": DAMAGE, "db/2_damage.down.sql": "SELECT 1;\n"}


def measure_damage(say: Say, rows: int = 100_000, writes_per_second: float = 200) -> dict[str, Any]:
    """`acknowledged` writes to a client's ledger; of its rows, `lost_rows` are neither in the database after the way
    back nor in the file of what could not be replayed; `listed_rows` are the lines of that file.

    Rows that cannot come along are among them on purpose: they took an address that the damage had set free.
    """
    with whole_platform(say) as environment:
        folder = environment.state / "bench-damage"
        _commit(folder, "v1", FIRST | {"db/1_people.sql": BASE.format(rows=rows)})
        _commit(folder, "v2", SECOND)
        first = _release(environment, folder, "v1", say)
        if first.outcome != "Promoted":
            raise PipelineError(f"v1 ended {first.outcome}: {first.message}", "see the platform's logs")
        return _damage(environment, folder, rows, writes_per_second, say)


def _damage(environment: Environment, folder: Path, rows: int, rate: float, say: Say) -> dict[str, Any]:
    platform = connect(environment, APP)
    # Addresses that the damage sets free, spread over the rows.
    claims = {row: f"user{row}" for row in range(rows // 10, rows // 5, max(1, rows // 1000))}
    began = time.monotonic()
    with LedgerWriters(platform.database.url(APP), rows, claims, rate) as load:
        time.sleep(2)
        second = _release(environment, folder, "v2", say)
        time.sleep(2)
    record = list_records(platform.objects, APP)[0]
    key = f"releases/{APP}/{record.release.id}/salvage.jsonl"
    lines = (platform.objects.get(key) or b"").decode().splitlines()
    judged = load.judge(lines)
    return {
        "way": "restore",
        "outcome": second.outcome,
        "reason": record.reason,
        "seconds": round(time.monotonic() - began - 4, 2),
        "acknowledged": load.acknowledged,
        "rows": judged.rows,
        "lost_rows": len(judged.lost),
        "listed_rows": len(lines),
        "listed_of_ledger": judged.listed_rows,
        "refused_writes": load.refused,
        "longest_gap_seconds": round(load.longest_gap_seconds, 2),
        "still_damaged": _count(platform.database.url(APP)),
    }


def _release(environment: Environment, folder: Path, ref: str, say: Say) -> FlowRun:
    api = PrefectApi(environment.prefect_url)
    given = {"repository": str(folder), "ref": ref, "environment": NAME}
    started = api.start("release", NAME, given)
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not (now := api.flow_run(started.id)).is_over:
        if time.monotonic() > deadline:
            raise PipelineError(f"the release of {ref} is {now.outcome} after {_LONGEST_SECONDS:g} s", api.page(now.id))
        time.sleep(0.5)
    say(f"{ref} ended {now.outcome} after {now.seconds:.0f} s: {now.message}")
    return now


def _count(url: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute(f"SELECT count(*) FROM ({INVARIANT}) AS wrong".encode()).fetchone()  # noqa: S608 # ours
    return int(found[0]) if found else -1


def _commit(folder: Path, tag: str, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    roles = [f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    variables = dict.fromkeys(roles, "bench@example.invalid") | {"HOME": str(folder)}
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", tag), ("tag", tag)):
        run(Command(("git", *words), folder, variables, timeout_seconds=60))
