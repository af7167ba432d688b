"""Supabase's database and its ways back, on a real Postgres as a role that is no superuser, beside the API's twin."""

from __future__ import annotations

import itertools
import json
import threading
import time
from pathlib import Path

import psycopg
import pytest
from data_platform_parts import DataPlatform, rows
from supabase_place import APP, PROJECT, Project
from vendor_data import VARIABLES, vendor_environment

from infra.database.connection import access_to
from infra.database.local_recovery import LocalRecovery, recovery_of
from infra.database.slots import drop_slot
from infra.database.supabase_access import check_is_direct, direct_access, supabase_archive
from infra.database.supabase_recovery import SupabaseRecovery, longest_gap
from infra.database.supabase_salvage import closed_to_others
from infra.database.targets import Target
from infra.errors import BadInput, Rejected, Unreachable


def quiet(_line: str) -> None:
    """Nobody reads it."""


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres:pw@db.abcdefghijklmnopqrst.supabase.co:6543/postgres",
        "postgresql://postgres.abc:pw@aws-0-eu-central-1.pooler.supabase.com:6543/postgres",
        "postgresql://postgres:pw@db.abcdefghijklmnopqrst.supabase.co:5432/postgres?pgbouncer=true",
    ],
)
def test_the_transaction_pooler_is_refused_with_the_reason_and_the_fix(url: str) -> None:
    with pytest.raises(BadInput, match="transaction pooler") as caught:
        check_is_direct(url)
    assert caught.value.field == "supabase.database_url"
    assert "5432" in caught.value.hint
    assert "pw@" not in str(caught.value)


def test_the_session_pooler_and_the_direct_connection_are_taken() -> None:
    check_is_direct("postgresql://postgres.abc:pw@aws-0-eu-central-1.pooler.supabase.com:5432/postgres")
    check_is_direct("postgresql://postgres:pw@db.abcdefghijklmnopqrst.supabase.co/postgres?sslmode=require")


@pytest.mark.parametrize(
    ("url", "sslmode"),
    [
        ("postgresql://postgres:pw@db.abcdefghijklmnopqrst.supabase.co:5432/postgres", "require"),
        ("postgresql://postgres:pw@db.abcdefghijklmnopqrst.supabase.co/postgres?sslmode=verify-full", "verify-full"),
        ("postgresql://postgres:pw@127.0.0.1:5432/postgres", ""),
    ],
)
def test_a_project_is_reached_over_tls(url: str, sslmode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_DATABASE_URL", url)
    access = direct_access(vendor_environment(tmp_path))
    assert access.sslmode == sslmode
    assert access_to(access.url).sslmode == sslmode
    assert access.variables.get("PGSSLMODE", "") == sslmode


def test_an_sslmode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadInput, match="sslmode 'please' does not exist"):
        access_to("postgresql://a:b@c/d?sslmode=please")


def test_the_right_recovery_is_picked(project: Project, data_platform: DataPlatform) -> None:
    assert isinstance(recovery_of(project.environment), SupabaseRecovery)
    assert isinstance(recovery_of(data_platform.environment), LocalRecovery)


def test_the_url_is_of_the_one_app_of_the_project(project: Project) -> None:
    assert rows(project.database.ensure(APP), "SELECT current_database()") == [(PROJECT,)]
    with pytest.raises(BadInput, match="'another-app' has no database in staging"):
        project.database.url("another-app")


def test_a_scratch_database_is_made_beside_and_only_such_are_dropped(project: Project) -> None:
    url = project.database.scratch(APP)
    assert rows(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    project.database.drop_scratch(url)
    project.database.drop_scratch(url)
    with pytest.raises(BadInput, match="is no scratch database here"):
        project.database.drop_scratch(project.access.url)


def test_health_says_what_a_loss_now_would_cost(project: Project) -> None:
    with_pitr = project.database.health()
    assert with_pitr.is_writable
    assert not with_pitr.has_standby
    assert 99 <= with_pitr.unarchived_seconds <= 105  # what the twin says is the lag of its copies
    project.twin.state.has_pitr = False
    assert project.database.health().unarchived_seconds == float("inf")
    project.database.snapshot("one", quiet)
    assert project.database.health().unarchived_seconds < 30


def test_a_project_that_does_not_run_is_unreachable(project: Project) -> None:
    project.twin.state.status = "PAUSING"
    with pytest.raises(Unreachable, match="is PAUSING"):
        project.database.health()


def test_a_restore_point_is_a_whole_second_with_everything_before_it_inside(project: Project) -> None:
    before = time.time()
    point = project.database.mark("before-release")
    assert point.time == int(point.time) >= before
    assert time.time() >= point.time
    assert project.recovery.points()[0].name == "before-release"


def test_a_dump_is_proven_row_by_row_by_restoring_it(project: Project) -> None:
    snapshot = project.database.snapshot("daily", quiet)
    assert [one.id for one in project.database.snapshots()] == [snapshot.id]
    said: list[str] = []
    proof = project.recovery.verify(said.append, {APP: ["SELECT 1 FROM shifts WHERE note IS NULL"]})
    assert proof.backup == snapshot.id
    assert proof.rows[APP] == {
        "auth.users": 1, "public.alembic_version": 1, "public.profiles": 1, "public.shifts": 500,
    }  # fmt: skip
    assert proof.compared_rows == 503
    assert proof.invariants == 1
    assert proof.revisions == {APP: ["0007"]}
    assert 99 <= proof.rpo_seconds <= 110
    assert proof.rto_seconds > 0
    assert project.recovery.newest_proof() == proof


@pytest.mark.slow
def test_without_pitr_the_rpo_is_the_longest_time_without_a_dump(project: Project) -> None:
    project.twin.state.has_pitr = False
    project.database.snapshot("daily", quiet)
    assert project.recovery.verify(quiet).rpo_seconds < 60


@pytest.mark.slow
def test_a_broken_invariant_and_a_damaged_piece_are_no_proof(project: Project) -> None:
    project.database.snapshot("daily", quiet)
    with pytest.raises(Rejected, match="500 rows are wrong"):
        project.recovery.verify(quiet, {APP: ["SELECT 1 FROM shifts WHERE state = 'open'"]})
    archive = supabase_archive(project.environment)
    piece = project.recovery.backups()[0].pieces[0]
    sealed = archive.objects.get(piece.key) or b""
    archive.objects.put(piece.key, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(Rejected, match="is damaged"):
        project.recovery.verify(quiet)
    with pytest.raises(Rejected, match=r"the last verification, .* failed: .* is damaged"):
        project.recovery.newest_proof()


def test_a_project_without_tables_has_nothing_to_prove(project: Project) -> None:
    assert project.recovery.revisions() == {APP: ["0007"]}
    rows(project.access.url, "DROP TABLE shifts, profiles, alembic_version CASCADE")
    assert project.recovery.revisions() == {}


def test_data_that_does_not_fit_what_stays_is_refused_with_everything_as_it_was(project: Project) -> None:
    dump = project.database.snapshot("good", quiet)
    rows(project.access.url, "DELETE FROM shifts WHERE id > 100")
    rows(project.access.url, "DELETE FROM auth.users")  # whose profile is in the dump
    with pytest.raises(Rejected, match="violates foreign key"):
        project.recovery.restore(Target("snapshot", dump.id), quiet)
    assert project.ask("SELECT count(*) FROM shifts") == [(100,)]


def test_a_restored_app_has_its_rows_policies_triggers_and_its_place_in_realtime(project: Project) -> None:
    dump = project.database.snapshot("good", quiet)
    rows(project.access.url, "DELETE FROM shifts WHERE id > 100")
    rows(project.access.url, "CREATE TABLE later (id int REFERENCES shifts)")
    done = project.recovery.restore(Target("snapshot", dump.id), quiet)
    assert done.backup == dump.id
    assert done.kept.startswith("dump ")
    assert project.ask("SELECT count(*) FROM shifts") == [(500,)]
    assert project.ask("SELECT to_regclass('later') IS NULL") == [(True,)]
    assert project.ask("SELECT polname FROM pg_policy") == [("own",)]
    assert project.ask("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal") == [("on_auth_user_created",)]
    assert project.ask("SELECT tablename FROM pg_publication_tables") == [("shifts",)]
    assert project.ask("SELECT extname FROM pg_extension WHERE extname = 'citext'") == [("citext",)]
    rows(project.access.url, "INSERT INTO auth.users (email) VALUES ('new@example.com')")
    assert project.ask("SELECT count(*) FROM profiles") == [(2,)]


def test_what_other_schemas_would_lose_stops_a_restore_with_everything_as_it_was(project: Project) -> None:
    dump = project.database.snapshot("good", quiet)
    rows(project.access.url, "CREATE SCHEMA reports; CREATE VIEW reports.busy AS SELECT * FROM public.shifts")
    rows(project.access.url, "DELETE FROM shifts WHERE id > 100")
    with pytest.raises(Rejected, match=r"other schemas would lose relation reports\.busy"):
        project.recovery.restore(Target("snapshot", dump.id), quiet)
    assert project.ask("SELECT count(*) FROM reports.busy") == [(100,)]


@pytest.mark.slow
def test_with_pitr_the_whole_project_goes_back_to_the_second_of_a_point(project: Project) -> None:
    project.twin.state.lag_seconds = -5
    point = project.database.mark("before-release")
    project.twin.state.on_restore = lambda _second: rows(project.access.url, "DELETE FROM shifts WHERE id > 7") and None
    project.recovery.hold_log(APP, "release_x")
    plan = project.recovery.plan(Target("point", "before-release"), quiet)
    assert "PITR" in " ".join(plan.lines())
    done = project.recovery.restore(Target("point", "before-release"), quiet)
    assert project.twin.state.restores == [int(point.time)]
    assert done.backup == "PITR"
    assert project.ask("SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'release_x'") == [(0,)]
    assert project.ask("SELECT count(*) FROM shifts") == [(7,)]


def test_without_pitr_a_time_names_the_dump_before_it(project: Project) -> None:
    project.twin.state.has_pitr = False
    dump = project.database.snapshot("good", quiet)
    with pytest.raises(Rejected, match="without PITR no dump is of") as caught:
        project.recovery.plan(Target("time", "2040-01-01T00:00:00Z"), quiet)
    assert f"--to-snapshot {dump.id}" in caught.value.hint
    assert dump.id in " ".join(project.recovery.plan(Target("latest"), quiet).lines())


@pytest.mark.slow
def test_damaged_data_goes_back_to_the_dump_and_forward_with_what_people_wrote_since(
    project: Project, tmp_path: Path
) -> None:
    project.recovery.hold_log(APP, "release_x")
    project.database.snapshot("before-x", quiet)
    rows(project.access.url, "INSERT INTO shifts VALUES (1001, NULL, 'taken', 'written since')")
    # A migration: its transaction also writes the schema's own table.
    migration = "BEGIN; UPDATE shifts SET note = NULL; UPDATE alembic_version SET version_num = '0008'; COMMIT"
    rows(project.access.url, migration)
    rows(project.access.url, "INSERT INTO shifts VALUES (1002, NULL, 'open', 'written after the damage')")

    done = project.recovery.restore_app(APP, "before-x", "release_x", tmp_path / "salvage.jsonl", quiet)

    assert done.salvage
    assert (done.salvage.replayed, done.salvage.listed) == (2, 0)
    assert project.ask("SELECT count(*), count(note) FROM shifts") == [(502, 502)]
    assert project.ask("SELECT version_num FROM alembic_version") == [("0007",)]
    assert project.ask("SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'release_x'") == [(0,)]
    rows(project.access.url, "INSERT INTO shifts VALUES (1003, NULL, 'open', 'everybody may write again')")


@pytest.mark.slow
def test_no_row_that_was_acknowledged_around_the_dump_is_lost_or_doubled(project: Project, tmp_path: Path) -> None:
    project.recovery.hold_log(APP, "release_x")
    acknowledged: list[int] = []
    is_over = threading.Event()

    def write() -> None:
        with psycopg.connect(project.access.url, autocommit=True) as connection:
            for number in itertools.count(10_000):
                if is_over.is_set():
                    return
                connection.execute("INSERT INTO shifts VALUES (%s, NULL, 'open', 'since')", [number])
                acknowledged.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    project.database.snapshot("before-x", quiet)
    is_over.set()
    writer.join()
    rows(project.access.url, "UPDATE shifts SET note = NULL")

    done = project.recovery.restore_app(APP, "before-x", "release_x", tmp_path / "salvage.jsonl", quiet)

    assert done.salvage
    assert done.salvage.listed == 0
    assert len(acknowledged) > 10
    kept = {number for (number,) in project.ask("SELECT id FROM shifts WHERE id >= 10000")}
    assert kept == set(acknowledged)


@pytest.mark.slow
def test_bringing_back_again_after_a_death_before_the_end_comes_to_the_same(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.recovery.hold_log(APP, "release_x")
    project.database.snapshot("before-x", quiet)
    rows(project.access.url, "INSERT INTO shifts VALUES (1001, NULL, 'taken', 'written since')")

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("infra.database.supabase_salvage.drop_slot", dies)
    with pytest.raises(KeyboardInterrupt):
        project.recovery.restore_app(APP, "before-x", "release_x", tmp_path / "salvage.jsonl", quiet)
    monkeypatch.setattr("infra.database.supabase_salvage.drop_slot", drop_slot)
    again = project.recovery.restore_app(APP, "before-x", "release_x", tmp_path / "salvage.jsonl", quiet)
    assert again.salvage
    assert again.salvage.replayed == 1
    assert project.ask("SELECT count(*) FROM shifts WHERE id = 1001") == [(1,)]


def test_while_it_is_closed_others_may_only_read(project: Project) -> None:
    with closed_to_others(project.access), pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        rows(project.access.url, "DELETE FROM shifts")
    rows(project.access.url, "DELETE FROM shifts WHERE id = 1")


def test_old_dumps_go_and_the_newest_stays(project: Project) -> None:
    project.database.snapshot("one", quiet)
    kept = project.database.snapshot("two", quiet)
    gone = project.recovery.expire(0, quiet)
    assert (len(gone.backups), gone.kept) == (1, 1)
    assert [backup.id for backup in project.recovery.backups()] == [kept.id]


def test_there_is_no_standby_to_promote(project: Project) -> None:
    with pytest.raises(BadInput, match="has no standby of ours"):
        project.recovery.promote_standby(quiet)


def test_the_longest_gap_counts_from_the_last_dump_before_the_day(project: Project) -> None:
    project.database.snapshot("one", quiet)
    (one,) = project.recovery.backups()
    assert longest_gap([one], one.begun + 10) == pytest.approx(10)
    assert longest_gap([one], one.begun + 200_000) == pytest.approx(200_000)
    assert longest_gap([], one.begun) == 86_400


@pytest.mark.slow
def test_no_secret_is_in_what_is_said_or_raised(project: Project) -> None:
    said: list[str] = []
    project.database.snapshot("daily", said.append)
    project.recovery.verify(said.append)
    everything = json.dumps(said)
    assert "pg_dump" in everything
    for name in ("T_SUPABASE_TOKEN", "T_BACKUP_KEY"):
        assert VARIABLES[name] not in everything
    assert "planted-database-pw" not in everything
    assert "planted-database-pw" not in repr(direct_access(project.environment))
