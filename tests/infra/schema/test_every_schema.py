"""What every way of keeping a schema must do, on a real Postgres: Alembic revisions and plain SQL files."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest
from data_platform_parts import rows
from revisions import write_revision

from infra.database.connection import access_to
from infra.errors import BadInput, CommandFailed, Rejected
from infra.manifest import SchemaFiles
from infra.schema import Schema
from infra.schema.applied import applied_revisions
from infra.schema.fingerprint import fingerprint_of
from infra.schema.of_app import schema_at

USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text)"
ODD = "INSERT INTO users SELECT n, ':a 100%' || E'\\\\:' || n::text FROM generate_series(1, 50) n WHERE n % 2 = 0"
FILL = "-- backfill key=id batch=7\nUPDATE users SET contact = email || ' 5 %' WHERE contact IS NULL"


class Files(Protocol):
    """Writes revisions of one tool; they are numbered in the order of writing."""

    tool: str

    def go_on_from(self, number: str) -> None: ...

    def add(self, folder: Path, number: str, up: str, down: str = "", branch: str = "expand") -> None: ...


class AlembicFiles:
    tool = "alembic"

    def __init__(self) -> None:
        self.last: dict[str, str] = {}

    def go_on_from(self, number: str) -> None:
        self.last = {"expand": number}

    def add(self, folder: Path, number: str, up: str, down: str = "", branch: str = "expand") -> None:
        folder.mkdir(exist_ok=True)
        label = None if branch in self.last else branch
        needs = self.last.get("expand") if branch == "contract" else None
        escaped = up.replace(":", "\\:")
        concurrently = f"with op.get_context().autocommit_block():\n        op.execute({escaped!r})"
        text = concurrently if "CONCURRENTLY" in up else f"op.execute({escaped!r})"
        write_revision(folder, number, text, down or "pass", self.last.get(branch), label, needs)
        self.last[branch] = number


class SqlFiles:
    tool = "sql"

    def go_on_from(self, number: str) -> None:
        """Files are in the order of their names."""

    def add(self, folder: Path, number: str, up: str, down: str = "", branch: str = "expand") -> None:
        folder.mkdir(exist_ok=True)
        marker = "-- why it is here\n-- contract\n" if branch == "contract" else ""
        (folder / f"{number}_makes_it.sql").write_text(f"{marker}{up};\n")
        if down:
            (folder / f"{number}_makes_it.down.sql").write_text(f"{down};\n")


@pytest.fixture(params=[AlembicFiles, SqlFiles], ids=["alembic", "sql"])
def files(request: pytest.FixtureRequest) -> Files:
    made: Files = request.param()
    return made


@pytest.fixture
def folder(files: Files, tmp_path: Path) -> Path:
    """Two expand revisions, a contract one, and in `older` only the first."""
    for name in ("older", "newer"):
        files.__init__()  # type: ignore[misc] # each version is numbered from its own start
        files.add(tmp_path / name, "001", f"{USERS}; {ODD}", "DROP TABLE users")
    files.add(tmp_path / "newer", "002", "ALTER TABLE users ADD contact text", "ALTER TABLE users DROP contact")
    contract = ("ALTER TABLE users DROP email", "ALTER TABLE users ADD email text", "contract")
    files.add(tmp_path / "newer", "003", *contract)
    return tmp_path


def schema(files: Files, folder: Path, url: str, beside: Path | None = None) -> Schema:
    return schema_at(folder, SchemaFiles(tool=files.tool, directory="."), url, None, beside)  # type: ignore[arg-type]


def test_it_goes_forward_and_back_to_exactly_what_was_there(files: Files, folder: Path, scratch_url: str) -> None:
    newer, access = schema(files, folder / "newer", scratch_url), access_to(scratch_url)
    before = fingerprint_of(access)
    assert [(one.id, one.branch, one.has_way_back) for one in newer.pending("expand")] == [
        ("001", "expand", True),
        ("002", "expand", True),
    ]
    assert newer.upgrade("expand", print) == ("002",)
    assert rows(scratch_url, "SELECT email FROM users WHERE id = 2") == [(":a 100%\\:2",)]
    expanded = fingerprint_of(access)
    assert newer.upgrade("contract", print) == ("003",)
    assert newer.back_to(("002",), print) == ("002",)
    assert fingerprint_of(access) == expanded
    assert newer.back_to((), print) == ()
    assert newer.back_to((), print) == ()
    assert fingerprint_of(access) == before


def test_what_is_written_names_its_file_and_touches_nothing(files: Files, folder: Path, scratch_url: str) -> None:
    newer = schema(files, folder / "newer", scratch_url)
    written = newer.written("expand")
    assert newer.current() == ()
    assert [one.revision.id for one in written] == ["001", "002"]
    assert "ADD contact text" in written[1].sql
    assert Path(written[1].revision.file).parent == folder / "newer"
    assert Path(written[1].revision.file).name.startswith("002")
    assert [one.revision.id for one in newer.written("contract")] == ["003"]


def test_contract_waits_for_what_it_needs(files: Files, folder: Path, scratch_url: str) -> None:
    with pytest.raises(Rejected, match="contract revision 003 needs expand revision 00"):
        schema(files, folder / "newer", scratch_url).upgrade("contract", print)


def test_an_older_version_runs_on_it_until_something_is_taken_away(
    files: Files, folder: Path, scratch_url: str
) -> None:
    newer, older = (schema(files, folder / name, scratch_url) for name in ("newer", "older"))
    newer.upgrade("expand", print)
    assert older.pending("expand") == []
    assert older.upgrade("expand", print) == ("002",)
    assert older.written("contract") == []
    files.go_on_from("001")
    files.add(folder / "older", "004", "CREATE TABLE fix (n int)", "DROP TABLE fix")
    fixed = schema(files, folder / "older", scratch_url)
    assert [one.revision.id for one in fixed.written("expand")] == ["004"]
    assert fixed.upgrade("expand", print) == ("002", "004")
    newer.upgrade("contract", print)
    with pytest.raises(Rejected, match="contract revision 003 was applied, which this version does not know"):
        older.pending("expand")


def test_without_a_history_the_live_versions_files_tell(files: Files, folder: Path, scratch_url: str) -> None:
    schema(files, folder / "newer", scratch_url).upgrade("expand", print)
    rows(scratch_url, "DELETE FROM pipeline_schema_history")
    with pytest.raises(Rejected, match="revision 002 of the database is neither"):
        schema(files, folder / "older", scratch_url).pending("expand")
    older = schema(files, folder / "older", scratch_url, beside=folder / "newer")
    assert older.pending("expand") == []


def test_a_revision_that_fails_leaves_nothing(files: Files, folder: Path, scratch_url: str) -> None:
    files.add(folder / "newer", "004", "CREATE TABLE half (n int); ALTER TABLE nowhere ADD n int", "DROP TABLE half")
    newer = schema(files, folder / "newer", scratch_url)
    with pytest.raises(CommandFailed, match=r"revision 004 failed: UndefinedTable"):
        newer.upgrade("expand", print)
    assert newer.current() == ("002",)
    assert rows(scratch_url, "SELECT to_regclass('half')") == [(None,)]


def test_a_backfill_and_a_concurrent_index_work(files: Files, folder: Path, scratch_url: str) -> None:
    files.add(folder / "newer", "004", FILL, "SELECT 1")
    files.add(folder / "newer", "005", "CREATE INDEX CONCURRENTLY by_contact ON users (contact)", "SELECT 1")
    newer = schema(files, folder / "newer", scratch_url)
    assert newer.upgrade("expand", print) == ("005",)
    assert rows(scratch_url, "SELECT contact FROM users WHERE id = 4") == [(":a 100%\\:4 5 %",)]
    filled = {one.id: one.rows for one in applied_revisions(access_to(scratch_url))}
    assert filled == {"001": 0, "002": 0, "004": 25, "005": 0}


class TestSqlFiles:
    """What only plain files have."""

    def test_a_reason_for_having_no_way_back_is_read_from_the_header(self, tmp_path: Path, scratch_url: str) -> None:
        (tmp_path / "20260101120000_one.sql").write_text("-- no way back: Postgres keeps values\nSELECT 1;")
        found = schema(SqlFiles(), tmp_path, scratch_url).pending("expand")
        assert [(one.id, one.title, one.has_way_back, one.reason) for one in found] == [
            ("20260101120000", "one", False, "Postgres keeps values")
        ]

    def test_the_folder_contract_is_the_contract_branch(self, tmp_path: Path, scratch_url: str) -> None:
        (tmp_path / "contract").mkdir()
        (tmp_path / "1_one.sql").write_text("SELECT 1;")
        (tmp_path / "contract" / "2_two.sql").write_text("SELECT 1;")
        found = schema(SqlFiles(), tmp_path, scratch_url)
        assert [one.id for one in found.pending("contract")] == ["2"]
        assert [one.id for one in found.pending("expand")] == ["1"]

    @pytest.mark.parametrize(
        ("names", "text", "said"),
        [
            (["users.sql"], "SELECT 1;", "users.sql does not begin with a number"),
            (["1_a.sql", "01_b.sql"], "SELECT 1;", "have the same number"),
            (["1_a.sql"], "BEGIN; SELECT 1; COMMIT;", "1_a.sql has BEGIN"),
        ],
    )
    def test_files_that_cannot_be_put_in_order_are_refused(
        self, tmp_path: Path, names: list[str], text: str, said: str
    ) -> None:
        for name in names:
            (tmp_path / name).write_text(text)
        with pytest.raises(BadInput, match=said):
            schema(SqlFiles(), tmp_path, "postgresql://u:p@127.0.0.1/x")
