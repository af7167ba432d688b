"""A schema goes forward and back on a real Postgres, whatever stands in its way."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import psycopg
import pytest
from data_platform_parts import rows
from revisions import write_revision

from infra.errors import BadInput, CommandFailed, Rejected, Unreachable
from infra.ports import free_port
from infra.schema import alembic_branches
from infra.schema.alembic_branches import AlembicSchema, LockTimeout

HISTORY = "SELECT revision, branch, parents FROM pipeline_schema_history ORDER BY 1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two expand revisions, and a contract one that needs the second."""
    folder = tmp_path / "with space, 100%"
    folder.mkdir()
    write_revision(folder, "e1", "CREATE TABLE users (id int, email text)", "DROP TABLE users", label="expand")
    write_revision(folder, "e2", "ALTER TABLE users ADD contact text", "ALTER TABLE users DROP contact", after="e1")
    write_revision(
        folder, "c1", "ALTER TABLE users DROP email", "ALTER TABLE users ADD email text", label="contract", needs="e2"
    )
    (tmp_path / "older").mkdir()
    shutil.copy(folder / "e1.py", tmp_path / "older")
    return folder


@pytest.fixture
def schema(folder: Path, scratch_url: str) -> AlembicSchema:
    return AlembicSchema(folder, scratch_url)


def test_each_branch_goes_forward_and_back_to_exactly_what_was_there(schema: AlembicSchema, scratch_url: str) -> None:
    empty = schema.fingerprint()
    assert [(r.id, r.branch, r.title, r.has_way_back) for r in schema.pending("expand")] == [
        ("e1", "expand", "Makes e1.", True),
        ("e2", "expand", "Makes e2.", True),
    ]
    assert schema.upgrade("expand", print) == ("e2",)
    assert rows(scratch_url, HISTORY) == [("e1", "expand", []), ("e2", "expand", ["e1"])]
    expanded = schema.fingerprint()
    assert [revision.id for revision in schema.pending("contract")] == ["c1"]
    assert schema.upgrade("contract", print) == ("c1",)
    assert schema.pending("expand") == schema.pending("contract") == []
    assert schema.back_to(("e2",), print) == ("e2",)
    assert schema.fingerprint() == expanded
    assert schema.back_to(("e2",), print) == ("e2",)
    assert schema.back_to((), print) == ()
    assert schema.back_to((), print) == ()
    assert rows(scratch_url, HISTORY) == []
    assert schema.fingerprint() == empty != expanded


def test_contract_does_not_run_before_what_it_needs(schema: AlembicSchema) -> None:
    with pytest.raises(Rejected, match="contract revision c1 needs expand revision e2, which is not applied"):
        schema.upgrade("contract", print)
    assert schema.current() == ()


def test_an_older_version_runs_on_what_later_ones_added_until_something_is_taken_away(
    schema: AlembicSchema, folder: Path, scratch_url: str, tmp_path: Path
) -> None:
    schema.upgrade("expand", print)
    older = AlembicSchema(tmp_path / "older", scratch_url)
    assert older.pending("expand") == []
    assert older.upgrade("expand", print) == ("e2",)
    with pytest.raises(Rejected, match="revision e2 cannot be undone: this version lacks its file"):
        older.back_to(("e1",), print)
    schema.upgrade("contract", print)
    with pytest.raises(Rejected, match="contract revision c1 was applied, which this version does not know"):
        older.pending("expand")


def test_a_revision_that_nobody_wrote_down_is_refused(schema: AlembicSchema, scratch_url: str) -> None:
    rows(scratch_url, "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    rows(scratch_url, "INSERT INTO alembic_version VALUES ('by-hand')")
    with pytest.raises(Rejected, match="revision by-hand of the database is neither among the 3 of this version"):
        schema.pending("expand")


def test_revisions_without_labels_are_expand(tmp_path: Path, scratch_url: str) -> None:
    write_revision(tmp_path, "one", "CREATE TABLE t (n int)", "DROP TABLE t")
    write_revision(tmp_path, "two", "CREATE INDEX i ON t (n)", "raise NotImplementedError", after="one")
    schema = AlembicSchema(tmp_path, scratch_url)
    assert [(r.id, r.branch, r.has_way_back) for r in schema.pending("expand")] == [
        ("one", "expand", True),
        ("two", "expand", False),
    ]
    assert schema.pending("contract") == []
    assert schema.upgrade("expand", print) == ("two",)


def test_branches_may_have_folders_of_their_own_beside_other_files(tmp_path: Path, scratch_url: str) -> None:
    (tmp_path / "env.py").write_text("1 / 0")
    for branch in ("expand", "contract"):
        (tmp_path / branch).mkdir()
    write_revision(tmp_path / "expand", "one", "CREATE TABLE t (n int)", "DROP TABLE t")
    write_revision(tmp_path / "contract", "two", "ALTER TABLE t DROP n", needs="one")
    schema = AlembicSchema(tmp_path, scratch_url)
    assert schema.upgrade("expand", print) == ("one",)
    assert [(revision.id, revision.has_way_back) for revision in schema.pending("contract")] == [("two", False)]


def test_a_failed_revision_leaves_those_before_it_and_nothing_of_itself(
    schema: AlembicSchema, folder: Path, scratch_url: str
) -> None:
    write_revision(folder, "e3", "CREATE TABLE half (n int); ALTER TABLE nowhere ADD x int", after="e2")
    with pytest.raises(CommandFailed, match='revision e3 failed: UndefinedTable: relation "nowhere" does not exist'):
        schema.upgrade("expand", print)
    assert schema.current() == ("e2",)
    assert rows(scratch_url, "SELECT to_regclass('half')") == [(None,)]
    assert schema.back_to((), print) == ()


def test_a_crash_in_the_apps_code_shows_its_traceback(schema: AlembicSchema, folder: Path) -> None:
    write_revision(folder, "e3", "1 / 0", after="e2")
    with pytest.raises(CommandFailed, match="ZeroDivisionError"):
        schema.upgrade("expand", print)
    assert schema.current() == ("e2",)


def test_a_broken_chain_is_refused(folder: Path, scratch_url: str) -> None:
    write_revision(folder, "e9", "pass", after="missing")
    with pytest.raises((Rejected, CommandFailed), match="missing"):
        AlembicSchema(folder, scratch_url).pending("expand")


def test_a_lock_that_is_held_is_waited_for_briefly_and_asked_for_again(
    schema: AlembicSchema, folder: Path, scratch_url: str
) -> None:
    schema.upgrade("expand", print)
    write_revision(folder, "e3", "SET LOCAL lock_timeout = '100ms'; ALTER TABLE users ADD late int", after="e2")
    said: list[str] = []
    with psycopg.connect(scratch_url) as reader:
        reader.execute("SELECT * FROM users")

        def let_go(line: str) -> None:
            said.append(line)
            if "attempt 1 of 5" in line:
                reader.rollback()

        assert schema.upgrade("expand", let_go) == ("e3",)
    assert any("lock timeout: revision e3 failed" in line for line in said)


def test_a_lock_that_is_never_given_ends_in_an_error_that_names_it(
    schema: AlembicSchema, folder: Path, scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema.upgrade("expand", print)
    write_revision(folder, "e3", "SET LOCAL lock_timeout = '50ms'; ALTER TABLE users ADD late int", after="e2")
    monkeypatch.setattr(alembic_branches, "_ATTEMPTS", 2)
    said: list[str] = []
    with psycopg.connect(scratch_url) as reader:
        reader.execute("SELECT * FROM users")
        with pytest.raises(LockTimeout, match="lock timeout: revision e3 failed: LockNotAvailable"):
            schema.upgrade("expand", said.append)
    assert sum("applying e3" in line for line in said) == 2
    assert schema.current() == ("e2",)


def test_a_revision_that_asks_for_nothing_gets_short_lock_waits(
    schema: AlembicSchema, folder: Path, scratch_url: str
) -> None:
    keep = "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS l, current_setting('statement_timeout') AS s"
    write_revision(folder, "e3", keep, after="e2")
    schema.upgrade("expand", print)
    assert rows(scratch_url, "SELECT l, s FROM seen") == [("3s", "15min")]


def test_two_migrators_exclude_each_other(schema: AlembicSchema, folder: Path, scratch_url: str) -> None:
    write_revision(folder, "e3", "Select pg_sleep(30)", after="e2")
    failures: list[Exception] = []

    def first() -> None:
        try:
            schema.upgrade("expand", lambda line: started.set() if "applying e3" in line else None)
        except CommandFailed as error:
            failures.append(error)

    started = threading.Event()
    migrator = threading.Thread(target=first)
    migrator.start()
    try:
        assert started.wait(60)
        with pytest.raises(Rejected, match=r"another migration is running in this database: session \d+"):
            AlembicSchema(folder, scratch_url).upgrade("expand", print)
    finally:
        rows(scratch_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'select pg_sleep%'")
        migrator.join(60)
    assert len(failures) == 1
    assert schema.current() == ("e2",)


def test_the_apps_code_sees_its_database_and_none_of_our_secrets(
    tmp_path: Path, scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDOR_TOKEN", "not-for-apps")
    write_revision(
        tmp_path,
        "spy",
        "op.execute('CREATE TABLE names AS SELECT unnest(ARRAY[' + repr(sorted(os.environ))[1:-1] + ']) AS n')",
    )
    AlembicSchema(tmp_path, scratch_url).upgrade("expand", print)
    names = {str(name) for (name,) in rows(scratch_url, "SELECT n FROM names")}
    assert "PIPELINE_DATABASE_URL" in names
    assert "VENDOR_TOKEN" not in names


def test_the_password_is_on_no_command_line_and_in_no_message(schema: AlembicSchema, scratch_url: str) -> None:
    said: list[str] = []
    schema.upgrade("expand", said.append)
    assert said[0].startswith("+ ")
    assert scratch_url.split(":")[2].split("@")[0] not in "\n".join(said)


def test_what_is_written_is_what_would_run_and_touches_nothing(schema: AlembicSchema, folder: Path) -> None:
    write_revision(folder, "e3", "INSERT INTO users (id) SELECT 7 % 4", after="e2")
    written = schema.written("expand")
    assert schema.current() == ()
    assert [one.revision.id for one in written] == ["e1", "e2", "e3"]
    for one, part in zip(written, ["CREATE TABLE users", "ADD contact text", "7 % 4"], strict=True):
        assert part in one.sql
        assert "alembic_version" not in one.sql
        assert len(one.digest) == 64
    assert [one.revision.id for one in schema.written("contract")] == ["c1"]
    assert "DROP email" in schema.written("contract")[0].sql


def test_a_concurrent_index_is_built_outside_a_transaction(tmp_path: Path, scratch_url: str) -> None:
    write_revision(tmp_path, "one", "CREATE TABLE t (n int)", "DROP TABLE t")
    block = "with op.get_context().autocommit_block():\n        op.execute({!r})"
    up, down = block.format("CREATE INDEX CONCURRENTLY i ON t (n)"), block.format("DROP INDEX CONCURRENTLY i")
    write_revision(tmp_path, "two", up, down, after="one")
    schema = AlembicSchema(tmp_path, scratch_url)
    assert schema.upgrade("expand", print) == ("two",)
    assert schema.back_to(("one",), print) == ("one",)
    assert schema.back_to((), print) == ()


@pytest.mark.parametrize("branch", ["", "shrink"])
def test_an_unknown_branch_is_refused(schema: AlembicSchema, branch: str) -> None:
    with pytest.raises(BadInput, match="branch"):
        schema.pending(branch)


def test_a_dead_database_is_unreachable(folder: Path) -> None:
    schema = AlembicSchema(folder, f"postgresql://u:p@127.0.0.1:{free_port()}/x")
    with pytest.raises(Unreachable):
        schema.pending("expand")
    with pytest.raises(Unreachable):
        schema.upgrade("expand", print)


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"schema\.directory"):
        AlembicSchema(tmp_path / "nowhere", "postgresql://u:p@127.0.0.1/x")
