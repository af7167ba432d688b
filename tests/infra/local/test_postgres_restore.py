"""Restores and promotions that are killed, repeated and raced, and lose nothing that they promised to keep."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from deployments.bench.backup_ground import APP, Ground, ground
from infra.database.targets import Target
from infra.errors import Rejected
from infra.local.postgres import Primary
from infra.local.postgres_settings import postgres_folder
from infra.local.postgres_takeover import Takeover, finish_takeover, take_over

RESTORE = """
import json, sys
from infra.database.local_recovery import LocalRecovery
from infra.database.targets import Target
from infra.environment import Environment
environment = Environment.model_validate_json(sys.argv[1])
LocalRecovery(environment).restore(Target("point", sys.argv[2]), print)
"""


@pytest.fixture(scope="module")
def stage() -> Iterator[Ground]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PIPELINE_STATE", raising=False)
        with ground(print) as found:
            found.ask("CREATE TABLE rows (n int PRIMARY KEY)")
            found.ask("GRANT ALL ON rows TO PUBLIC")
            found.database.snapshot("base", print)
            yield found


@pytest.fixture
def point(stage: Ground) -> str:
    """A restore point with 100 rows before it and 50 after it."""
    stage.ask("TRUNCATE rows")
    stage.ask("INSERT INTO rows SELECT generate_series(1, 100)")
    name = f"point-{time.time_ns()}"
    stage.database.mark(name)
    stage.ask("INSERT INTO rows SELECT generate_series(101, 150)")
    return name


class Writer:
    """An app that writes numbers and remembers which ones were acknowledged, reconnecting when it is sent away."""

    def __init__(self, url: str, first: int) -> None:
        self.acknowledged: list[int] = []
        self._url = url
        self._first = first
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        number = self._first
        while not self._over.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=2) as connection:
                    while not self._over.is_set():
                        number += 1
                        connection.execute("INSERT INTO rows VALUES (%s)", [number])
                        self.acknowledged.append(number)
                        time.sleep(0.002)
            except psycopg.OperationalError:  # sent away, or nobody is there just now
                time.sleep(0.05)

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + 30
        while len(self.acknowledged) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.acknowledged) >= count


def numbers(stage: Ground) -> set[int]:
    return {int(str(n)) for (n,) in stage.ask("SELECT n FROM rows")}


def lost(stage: Ground, writer: Writer) -> set[int]:
    return set(writer.acknowledged) - numbers(stage)


def test_a_plan_says_what_would_happen_and_touches_nothing(stage: Ground, point: str) -> None:
    lines = stage.recovery.plan(Target("point", point), print).lines()
    assert lines[0] == f"to point {point}, on timeline {stage.recovery.backups()[0].timeline}"
    assert "segments of the log" in lines[2]
    assert len(numbers(stage)) == 150


def test_a_point_that_nobody_made_is_refused_before_anything_is_touched(stage: Ground) -> None:
    for target, said in (
        (Target("point", "nowhere"), "no restore point 'nowhere'"),
        (Target("snapshot", "none"), "there is no backup 'none'"),
        (Target("time", "2020-01-01T00:00:00Z"), "no backup reaches time 2020"),
    ):
        with pytest.raises(Rejected, match=said):
            stage.recovery.restore(target, print)
    assert stage.database.health().is_writable


def test_a_restore_takes_over_and_keeps_the_old_cluster(stage: Ground, point: str) -> None:
    done = stage.recovery.restore(Target("point", point), print)
    assert numbers(stage) == set(range(1, 101))
    assert (postgres_folder(stage.environment) / done.kept / "PG_VERSION").exists()
    health = stage.database.health()
    assert (health.is_writable, health.standby_connected) == (True, True)
    stage.recovery.verify(print)  # its new timeline is archived too


def _killed_when(stage: Ground, point: str, is_time: Callable[[], bool]) -> None:
    words = [sys.executable, "-c", RESTORE, stage.environment.model_dump_json(), point]
    variables = {key: value for key, value in os.environ.items() if key != "PIPELINE_STATE"}
    process = subprocess.Popen(words, env=variables, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not is_time() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was over before it could be killed"


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["copying", "replaying", "taking over"])
def test_a_restore_that_is_killed_is_completed_by_the_next(stage: Ground, point: str, moment: str) -> None:
    home = postgres_folder(stage.environment)
    times: dict[str, Callable[[], bool]] = {
        "copying": lambda: any(home.glob("primary.restored-*")),
        "replaying": lambda: any(home.glob("primary.restored-*/postmaster.pid")),
        "taking over": lambda: (home / "takeover.json").exists(),
    }
    _killed_when(stage, point, times[moment])
    if moment == "taking over":
        assert stage.recovery.finish(print) is not None
    else:
        assert len(numbers(stage)) == 150, "the old cluster is as it was"
        stage.recovery.restore(Target("point", point), print)
    assert numbers(stage) == set(range(1, 101))
    assert not list(home.glob("primary.restored-*"))
    assert stage.database.health().standby_connected


@pytest.mark.slow
@pytest.mark.parametrize("renamed", [0, 1, 2])
def test_a_takeover_goes_on_from_wherever_it_was_killed(stage: Ground, renamed: int) -> None:
    """`renamed` of the two renames were done; the folder that comes is the stopped primary's own copy."""
    home = postgres_folder(stage.environment)
    expected, primary = numbers(stage), Primary(stage.environment)
    primary.down(print)
    subprocess.run(["cp", "-a", home / "primary", home / "primary.incoming"], check=True)
    what = Takeover("primary.incoming", f"primary.kept-{renamed}-{time.time_ns()}")
    (home / "takeover.json").write_text(json.dumps(what.__dict__))
    if renamed >= 1:
        (home / "primary").rename(home / what.kept)
    if renamed == 2:
        (home / "primary.incoming").rename(home / "primary")
    assert finish_takeover(stage.environment, print) == what
    assert numbers(stage) == expected
    assert (home / what.kept / "PG_VERSION").exists()
    assert not (home / "takeover.json").exists()
    assert finish_takeover(stage.environment, print) is None


def test_a_cluster_that_never_left_recovery_does_not_take_over(stage: Ground) -> None:
    with pytest.raises(Rejected, match="never left recovery"):
        take_over(stage.environment, Takeover("standby", "primary.kept-no"), print)
    with pytest.raises(Rejected, match="holds no cluster"):
        take_over(stage.environment, Takeover("nothing", "primary.kept-no"), print)
    assert stage.database.health().is_writable


@pytest.mark.slow
def test_a_planned_promotion_loses_no_acknowledged_row(stage: Ground, point: str) -> None:
    with Writer(stage.database.url(APP), 10_000) as writer:
        writer.wait_for(200)
        done = stage.recovery.promote_standby(print)
        before = len(writer.acknowledged)
        writer.wait_for(before + 50)
    assert (done.lost_commits, lost(stage, writer)) == (0, set())
    assert stage.database.health().standby_connected


@pytest.mark.slow
@pytest.mark.parametrize("synchronous", [True, False])
def test_a_primary_that_is_killed_loses_what_the_promotion_says(stage: Ground, point: str, synchronous: bool) -> None:
    """With a synchronous standby no acknowledged row is lost; without, at most as many commits as are counted."""
    names = "standby" if synchronous else ""
    stage.ask(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
    stage.ask("SELECT pg_reload_conf()")
    with Writer(stage.database.url(APP), 20_000) as writer:
        writer.wait_for(300)
        daemon = Primary(stage.environment).cluster.daemon
        assert daemon is not None
        os.kill(daemon.pid, signal.SIGKILL)
        done = stage.recovery.promote_standby(print)
        stage.ask("ALTER SYSTEM RESET synchronous_standby_names")
        stage.ask("SELECT pg_reload_conf()")
        writer.wait_for(len(writer.acknowledged) + 50)
    assert done.lost_commits is not None
    assert len(lost(stage, writer)) <= (0 if synchronous else done.lost_commits)


@pytest.mark.slow
def test_an_app_goes_back_to_a_point_while_it_writes_and_keeps_every_acknowledged_row(
    stage: Ground, tmp_path: Path
) -> None:
    stage.ask("TRUNCATE rows")
    stage.ask("INSERT INTO rows SELECT generate_series(1, 100)")
    stage.database.snapshot("before-the-app", print)
    stage.database.ensure("other-app")
    slot, point = f"release_{time.time_ns()}", f"app-{time.time_ns()}"
    stage.recovery.hold_log(APP, slot)
    stage.database.mark(point)
    stage.ask("CREATE TABLE alembic_version (v text)")
    stage.ask("WITH damage AS (DELETE FROM rows WHERE n <= 50) INSERT INTO alembic_version VALUES ('0002')")
    with Writer(stage.database.url(APP), 30_000) as writer:
        writer.wait_for(100)
        # What a run that was killed just before the exchange leaves behind.
        stage.ask(f'CREATE DATABASE "{APP}_restored_{slot[-12:]}"')
        stage.ask(f'ALTER DATABASE "{APP}" CONNECTION LIMIT 0')
        done = stage.recovery.restore_app(APP, point, slot, tmp_path / "listed.jsonl", print)
        writer.wait_for(len(writer.acknowledged) + 50)
    assert done.salvage is not None
    assert (done.salvage.listed, done.salvage.schema) == (0, 51)
    assert lost(stage, writer) == set()
    assert set(range(1, 101)) <= numbers(stage), "the damage is undone"
    again = stage.recovery.restore_app(APP, point, slot, tmp_path / "listed.jsonl", print)
    assert (again.salvage, again.kept) == (None, done.kept)
    assert stage.ask("SELECT count(*) FROM pg_replication_slots WHERE slot_type = 'logical'") == [(0,)]
    assert APP in stage.recovery.revisions()
