"""Measures an expansion of a large table beside writers, its ways back, and what a kill leaves behind."""

from __future__ import annotations

import os
import random
import re
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from deployments.bench.writers import Writers
from infra.database.connection import access_to
from infra.database.local import LocalDatabase
from infra.environment import Environment
from infra.errors import CommandFailed
from infra.schema.applied import applied_revisions
from infra.schema.contents import Contents, columns_of, contents_added
from infra.schema.sql_files import SqlSchema
from tasks.schema.choice import Seen, choose

Say = Callable[[str], None]
BASE = "CREATE TABLE people (id bigint PRIMARY KEY, email text NOT NULL, seen int NOT NULL DEFAULT 0);\n"
ADD = "ALTER TABLE people ADD COLUMN contact text;\n"
FILL = "-- backfill key=id batch=20000\nUPDATE people SET contact = lower(email) WHERE contact IS NULL;\n"
DOWN = {"1_base": "DROP TABLE people;", "2_add": "ALTER TABLE people DROP COLUMN contact;", "3_fill": "SELECT 1;"}
PARTS = ("expand", "ways_back", "kills")
SETTLE_SECONDS = 10.0
_BAR = re.compile(r"^backfill people \[[#-]*\] (\d+) %")


def measure_expand(
    environment: Environment,
    say: Say,
    rows: int = 1_000_000,
    writes_per_second: float = 220,
    kills: int = 10,
    seed: int = 1,
    parts: Collection[str] = PARTS,
) -> dict[str, Any]:
    """`expand`: the figures of adding and filling a column beside `writes_per_second`; `ways_back`: writes that were
    acknowledged and are gone, (a) when nobody used the column and it is undone, (b) when somebody did and it is left;
    `kills`: SIGKILL at random moments of adding and filling, each followed by a run that must finish.

    Only the `parts` asked for. Makes a scratch database in the environment's cluster and removes it.
    """
    database = LocalDatabase(environment)
    url = database.scratch("bench-expand")
    try:
        with tempfile.TemporaryDirectory(prefix="bench-expand-") as folder:
            bench = _Bench(url, Path(folder), rows, say, lambda: database.health().standby_lag_bytes)
            measures: dict[str, Callable[[], dict[str, Any]]] = {
                "expand": lambda: bench.expand(writes_per_second),
                "ways_back": lambda: bench.ways_back(writes_per_second),
                "kills": lambda: bench.kills(kills, seed),
            }
            return {part: measures[part]() for part in PARTS if part in parts}
    finally:
        database.drop_scratch(url)


class _Bench:
    """One table, expanded and taken back again and again."""

    def __init__(self, url: str, folder: Path, rows: int, say: Say, lag: Callable[[], int]) -> None:
        self._url, self._rows, self._say = url, rows, say
        for name, text in {"1_base": BASE, "2_add": ADD, "3_fill": FILL}.items():
            (folder / f"{name}.sql").write_text(text)
            (folder / f"{name}.down.sql").write_text(DOWN[name])
        (folder / "base").mkdir()
        (folder / "base" / "1_base.sql").write_text(BASE)
        SqlSchema(folder / "base", url).upgrade("expand", say)
        self._schema = SqlSchema(folder, url, lag)
        self._fill_table("people")

    def expand(self, rate: float) -> dict[str, Any]:
        """The whole expansion beside writers, and a plain UPDATE of an equal table for comparison."""
        plain = self._plain_update()
        with Writers(self._url, "people", rate, self._rows) as load:
            time.sleep(1)
            self._schema.upgrade("expand", self._say)
        added = {one.id: one for one in applied_revisions(access_to(self._url))}
        found = {
            "rows": added["3"].rows,
            "failed_writes": len(load.failures),
            "longest_lock_ms": round(added["2"].held_ms or 0.0, 1),
            "longest_wait_ms": round(max(added["2"].waited_ms, added["3"].waited_ms), 1),
            "slowest_write_ms": round(load.slowest_ms, 1),
            "writers_blocked": added["2"].waiters + added["3"].waiters,
            "writes_per_second": round(load.achieved),
            "rows_left_over": added["3"].left_over,
            "rows_per_second": round(added["3"].rows_per_second),
            "plain_update_rows_per_second": round(plain),
            "failures": sorted(set(load.failures))[:3],
        }
        self._say(f"beside {rate:g} writes a second: {found}")
        self._schema.back_to(("1",), self._say)
        return found

    def ways_back(self, rate: float) -> dict[str, Any]:
        """(a) and (b), one after the other."""
        ways = {"a": self.way_back_a(rate), "b": self.way_back_b(rate)}
        self._say(f"ways back: {ways}")
        return ways

    def way_back_a(self, rate: float) -> dict[str, Any]:
        """Nobody wrote into the new column: it is undone while the live version writes on."""
        self._schema.upgrade("expand", self._say)
        then = contents_added(access_to(self._url), self._before())
        with Writers(self._url, "people", rate, self._rows, first_id=2_000_000_000) as load:
            time.sleep(1)
            way, seconds = self._go_back(then)
            time.sleep(1)
        return self._told(way, seconds, load, load.lost())

    def way_back_b(self, rate: float) -> dict[str, Any]:
        """The new version wrote into it: it is left, with what was written."""
        self._schema.upgrade("expand", self._say)
        then = contents_added(access_to(self._url), self._before())
        with Writers(self._url, "people", rate, self._rows, "contact", first_id=3_000_000_000) as load:
            time.sleep(2)
        way, seconds = self._go_back(then)
        told = self._told(way, seconds, load, load.lost())
        self._schema.back_to(("1",), self._say)
        return told

    def kills(self, times: int, seed: int) -> dict[str, Any]:
        """SIGKILL of the migrating process when a share of the rows, drawn at random, is filled; the state after each.

        A share below 0 stands for a moment while the column is added.
        """
        chance = random.Random(seed)
        states = []
        for number in range(1, times + 1):
            share = chance.uniform(-0.1, 0.95)
            states.append({"share": round(share, 2), **self._kill_at(share, chance.uniform(0, 0.4)), **self._finish()})
            self._say(f"kill {number} of {times}: {states[-1]}")
            self._schema.back_to(("1",), self._say)
            self._run("VACUUM people")
        finished = sum(1 for state in states if state["finished"])
        explained = sum(1 for state in states if state["explained"])
        return {"tried": times, "finished": finished, "explained": explained, "states": states}

    def _kill_at(self, share: float, delay: float) -> dict[str, Any]:
        killer = threading.Timer(delay, _kill_the_migrator)

        def watch(line: str) -> None:
            if killer.ident is None and _share_in(line) >= share:
                killer.start()

        try:
            self._schema.upgrade("expand", watch)
            ended = "before the kill"
        except CommandFailed as error:
            ended = f"killed, exit code {error.code}"
        finally:
            killer.cancel()
        self._wait_for_silence()
        revisions = self._schema.current()
        return {"ended": ended, "revisions": list(revisions), "explained": self._is_explained(revisions)}

    def _is_explained(self, revisions: tuple[str, ...]) -> bool:
        """Whether the database says exactly what it holds: the column, and each filled row up to the last key."""
        has_column = self._one(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 'people'::regclass AND attname = 'contact'"
        )
        if "3" not in revisions:
            return bool(has_column == (1 if "2" in revisions else 0))
        return bool(
            self._one(
                "SELECT (SELECT count(*) FROM people WHERE (contact IS NOT NULL) <>"
                " (b.finished_at IS NOT NULL OR id <= coalesce(b.last_key, '0')::bigint)) = 0"
                " FROM pipeline_backfills b"
            )
        )

    def _finish(self) -> dict[str, Any]:
        began = time.monotonic()
        self._schema.upgrade("expand", lambda _: None)
        whole = self._one("SELECT count(*) FROM people WHERE contact IS DISTINCT FROM lower(email)") == 0
        done = all(one.unfinished == 0 for one in applied_revisions(access_to(self._url)))
        return {"finished": whole and done, "finish_seconds": round(time.monotonic() - began, 1)}

    def _go_back(self, then: list[Contents]) -> tuple[str, float]:
        before, began = self._before(), time.monotonic()
        now = contents_added(access_to(self._url), before)
        choice = choose(Seen(True, (), {}, {}, {}, then, now))
        self._say(f"way back: {choice.way}: {choice.reason}")
        if choice.way == "undo":
            self._schema.back_to(("1",), self._say)
        return choice.way, time.monotonic() - began

    def _before(self) -> dict[str, list[str]]:
        columns = columns_of(access_to(self._url))
        return {table: [name for name in names if name != "contact"] for table, names in columns.items()}

    def _told(self, way: str, seconds: float, load: Writers, lost: int) -> dict[str, Any]:
        count, failed = len(load.acknowledged), len(load.failures)
        return {
            "way": way,
            "seconds": round(seconds, 2),
            "acknowledged": count,
            "lost_rows": lost,
            "failed_writes": failed,
        }

    def _plain_update(self) -> float:
        self._run("CREATE TABLE plain (LIKE people INCLUDING ALL)")
        self._fill_table("plain")
        self._run("ALTER TABLE plain ADD COLUMN contact text")
        began = time.monotonic()
        self._run("UPDATE plain SET contact = lower(email) WHERE contact IS NULL")
        seconds = time.monotonic() - began
        self._run("DROP TABLE plain")
        return self._rows / seconds

    def _fill_table(self, table: str) -> None:
        many = sql.SQL("INSERT INTO {} SELECT n, 'Person' || n || '@example.invalid' FROM generate_series(1, {}) n")
        self._run(many.format(sql.Identifier(table), sql.Literal(self._rows)))
        self._run(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))

    def _run(self, statement: str | sql.Composed) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement if isinstance(statement, sql.Composed) else statement.encode())

    def _one(self, question: str) -> Any:
        with psycopg.connect(self._url) as connection:
            found = connection.execute(question.encode()).fetchone()
        return found[0] if found else None

    def _wait_for_silence(self) -> None:
        """Until the server has noticed that the killed process is gone."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while self._one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pipeline-migrations'"):
            if time.monotonic() > deadline:
                return  # the next run says who holds the lock
            time.sleep(0.1)


def _share_in(line: str) -> float:
    """How far a line says the run is: the share of rows filled, -0.1 when the column is being added, else less."""
    found = _BAR.match(line)
    if found:
        return int(found[1]) / 100
    return -0.1 if line.startswith("applying 2") else 0.0 if " starts: about" in line else -1.0


def _kill_the_migrator() -> None:
    """End the process that runs the revisions, which is a child of this one."""
    for child in psutil.Process().children(recursive=True):
        if "migrations.run" in " ".join(child.cmdline()):
            os.kill(child.pid, signal.SIGKILL)
