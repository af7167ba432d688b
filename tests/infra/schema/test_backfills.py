"""Backfills on a real Postgres: in batches, beside writers, and over the death of the process."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import psutil
import psycopg
import pytest
from data_platform_parts import rows, within
from revisions import write_revision

from infra.database.connection import access_to
from infra.errors import CommandFailed, Rejected
from infra.schema.alembic_branches import AlembicSchema
from infra.schema.applied import AppliedRevision, applied_revisions

FILL = "-- backfill key=id batch=500\nUPDATE users SET contact = email || '5 %' WHERE contact IS NULL"
MISSING = "SELECT count(*) FROM users WHERE contact IS DISTINCT FROM email || '5 %'"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_revision(
        tmp_path,
        "e1",
        "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
        "INSERT INTO users SELECT n, 'u' || n FROM generate_series(1, 20000) n",
        "DROP TABLE users",
    )
    write_revision(tmp_path, "e2", "ALTER TABLE users ADD contact text", "ALTER TABLE users DROP contact", after="e1")
    write_revision(tmp_path, "e3", f"op.execute({FILL!r})", "pass", after="e2")
    return tmp_path


def last(url: str) -> AppliedRevision:
    return applied_revisions(access_to(url))[-1]


def test_a_backfill_changes_every_row_and_tells_how_far_it_is(folder: Path, scratch_url: str) -> None:
    said: list[str] = []
    assert AlembicSchema(folder, scratch_url).upgrade("expand", said.append) == ("e3",)
    assert rows(scratch_url, MISSING) == [(0,)]
    done = last(scratch_url)
    assert (done.id, done.rows, done.left_over, done.unfinished) == ("e3", 20000, 0, 0)
    assert done.held_ms is not None
    assert done.rows_per_second > 0
    assert any("backfill users of e3 starts: about" in line for line in said)
    assert any("20000 rows changed" in line for line in said)


def test_writers_beside_it_wait_for_a_batch_at_most_and_none_fails(folder: Path, scratch_url: str) -> None:
    schema = AlembicSchema(folder, scratch_url)
    over, written = threading.Event(), [0]

    def write() -> None:
        with psycopg.connect(scratch_url, autocommit=True) as live:
            live.execute("SET statement_timeout = '3s'")
            while not over.is_set():
                live.execute("UPDATE users SET email = email WHERE id = %s", [written[0] % 20000 + 1])
                written[0] += 1

    (folder / "e2.py").rename(folder / "e2.later")
    (folder / "e3.py").rename(folder / "e3.later")
    schema.upgrade("expand", print)
    (folder / "e2.later").rename(folder / "e2.py")
    (folder / "e3.later").rename(folder / "e3.py")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        schema.upgrade("expand", print)
    finally:
        over.set()
        writer.join()
    assert written[0] > 10
    assert rows(scratch_url, MISSING) == [(0,)]


@pytest.mark.slow
def test_after_a_kill_the_next_run_goes_on_from_the_last_batch(folder: Path, scratch_url: str) -> None:
    schema = AlembicSchema(folder, scratch_url)
    slow = (
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.0002); RETURN NEW; END'"
    )
    write_revision(folder, "e2b", slow, "DROP FUNCTION slow", after="e2")
    trigger = "CREATE TRIGGER slow BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION slow()"
    write_revision(folder, "e2c", trigger, "DROP TRIGGER slow ON users", after="e2b")
    write_revision(folder, "e3", f"op.execute({FILL!r})", "pass", after="e2c")

    def kill_the_migrator(line: str) -> None:
        if "backfill users [" in line:
            for child in psutil.Process().children(recursive=True):
                if "migrations.run" in " ".join(child.cmdline()):
                    os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(CommandFailed, match="exited -9"):
        schema.upgrade("expand", kill_the_migrator)
    assert schema.current() == ("e3",)
    half = last(scratch_url)
    assert half.unfinished == 1
    assert 0 < half.rows < 20000
    assert within(10, lambda: rows(scratch_url, MISSING) == [(20000 - half.rows,)])

    said: list[str] = []
    assert schema.upgrade("expand", said.append) == ("e3",)
    assert any(f"goes on after key {half.rows}" in line for line in said)
    assert (last(scratch_url).rows, last(scratch_url).unfinished) == (20000, 0)
    assert rows(scratch_url, MISSING) == [(0,)]


def test_a_half_filled_revision_can_be_taken_back(folder: Path, scratch_url: str) -> None:
    schema = AlembicSchema(folder, scratch_url)
    schema.upgrade("expand", print)
    rows(scratch_url, "UPDATE pipeline_backfills SET finished_at = NULL, last_key = '7'")
    assert schema.back_to(("e2",), print) == ("e2",)
    assert rows(scratch_url, "SELECT count(*) FROM pipeline_backfills") == [(0,)]


@pytest.mark.parametrize(
    ("up", "said"),
    [
        (FILL.replace("key=id", "key=email"), "email is no key"),
        (FILL.replace("key=id", ""), "names no key"),
        (f"SELECT 1;\n{FILL}", "is not at its start"),
    ],
)
def test_a_backfill_that_could_leave_rows_out_is_refused_and_leaves_nothing(
    folder: Path, scratch_url: str, up: str, said: str
) -> None:
    write_revision(folder, "e3", f"op.execute('CREATE TABLE more (n int)'); op.execute({up!r})", "pass", after="e2")
    schema = AlembicSchema(folder, scratch_url)
    with pytest.raises(Rejected, match=said):
        schema.upgrade("expand", print)
    assert schema.current() == ("e2",)
    assert rows(scratch_url, "SELECT to_regclass('more')") == [(None,)]


def test_nothing_may_stand_after_a_backfill(folder: Path, scratch_url: str) -> None:
    write_revision(folder, "e3", f"op.execute({FILL!r}); op.execute('SELECT 1')", "pass", after="e2")
    with pytest.raises(Rejected, match="a statement stands after the backfill"):
        AlembicSchema(folder, scratch_url).upgrade("expand", print)


def test_a_standby_that_is_far_behind_makes_it_wait(folder: Path, scratch_url: str) -> None:
    said: list[str] = []

    def behind() -> int:
        return 0 if any("backfill waits" in line for line in said) else 10**12

    AlembicSchema(folder, scratch_url, lag=behind).upgrade("expand", said.append)
    assert any("backfill waits: the standby is 1000000000000 bytes behind" in line for line in said)
    assert rows(scratch_url, MISSING) == [(0,)]


def test_those_who_wait_for_a_lock_are_counted(folder: Path, scratch_url: str) -> None:
    hold = "ALTER TABLE users ADD late int; SELECT pg_sleep(0.8)"
    write_revision(folder, "e4", hold, "ALTER TABLE users DROP late", after="e3")
    readers: list[threading.Thread] = []

    def read() -> None:
        rows(scratch_url, "SELECT pg_sleep(0.3)")
        rows(scratch_url, "SELECT count(*) FROM users")

    def watch(line: str) -> None:
        if "applying e4" in line:
            readers.append(threading.Thread(target=read))
            readers[0].start()

    AlembicSchema(folder, scratch_url).upgrade("expand", watch)
    readers[0].join()
    counted = last(scratch_url)
    assert (counted.id, counted.waiters) == ("e4", 1)
    assert counted.held_ms is not None
    assert 0 < counted.waited_ms < counted.held_ms
