"""A schema kept as plain SQL files in the order of their numbers, as `supabase/migrations/<timestamp>_<name>.sql`.

A file belongs to the contract branch when it lies in a folder `contract` or its header has a line `-- contract`; else
it expands. `<same name>.down.sql` beside it is its way back; `-- no way back: <reason>` says why there is none.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from infra.commands import Say
from infra.errors import BadInput
from infra.schema import Revision, Written
from infra.schema.alembic_branches import AlembicSchema
from migrations.words import outer_words, statements

_NAME = re.compile(r"(?P<number>\d{1,32})_(?P<title>[A-Za-z0-9_.-]+)")
_HEADER = re.compile(r"\A(?:\s*--[^\n]*(?:\n|\Z))*")
_CONTRACT = re.compile(r"^\s*--\s*contract\s*$", re.MULTILINE)
_NO_WAY_BACK = re.compile(r"^\s*--\s*no way back:\s*(?P<reason>\S.*?)\s*$", re.MULTILINE)
_REVISION = '''"""{title}"""

from migrations.sql_text import run_sql

revision = {number!r}
down_revision = {after!r}
branch_labels = {label!r}
depends_on = {needs!r}
no_way_back = {reason!r}


def upgrade():
    run_sql({up!r})


def downgrade():
    {down}
'''


@dataclass(frozen=True)
class SqlFile:
    """One migration. `down` is the SQL of its way back; empty when there is none."""

    path: Path
    number: str
    title: str
    branch: str
    up: str
    down: str
    reason: str


class SqlSchema:
    """The SQL files in `folder`, beside the database at `database_url`; `lag` and `beside` as for Alembic's.

    Each file is run as one revision of a chain for its branch, so locks, history, backfills and the way back are
    the same for both tools. A contract file needs the expand file that is numbered next before it.
    """

    def __init__(
        self, folder: Path, database_url: str, lag: Callable[[], int] | None = None, beside: Path | None = None
    ) -> None:
        if not folder.is_dir():
            raise BadInput("schema.directory", f"{folder} is not a folder", "name the folder of the SQL files")
        self._files = read_sql_files(folder)
        self._url = database_url
        self._lag = lag
        self._beside = read_sql_files(beside) if beside and beside.is_dir() else []

    def current(self) -> tuple[str, ...]:
        """The revisions that the database says it has (heads), read from the database; sorted."""
        with self._revisions() as schema:
            return schema.current()

    def pending(self, branch: str) -> list[Revision]:
        """Files of `branch` that the database does not have yet, in order. Raises Rejected as Alembic's does."""
        with self._revisions() as schema:
            return [self._as_written(found) for found in schema.pending(branch)]

    def written(self, branch: str, have: tuple[str, ...] | None = None) -> list[Written]:
        """What `upgrade` would run: now, or on a database at `have`, which then is not asked."""
        with self._revisions() as schema:
            return [
                Written(self._as_written(one.revision), one.sql, _digest(self._file(one.revision.id)))
                for one in schema.written(branch, have)
            ]

    def upgrade(self, branch: str, say: Say) -> tuple[str, ...]:
        """Finish backfills that were left, then apply all pending files of `branch`; what the database has then."""
        with self._revisions() as schema:
            return schema.upgrade(branch, say)

    def back_to(self, revisions: tuple[str, ...], say: Say) -> tuple[str, ...]:
        """Undo, newest first, what was applied since `revisions`; harmless when nothing was."""
        with self._revisions() as schema:
            return schema.back_to(revisions, say)

    @contextmanager
    def _revisions(self) -> Iterator[AlembicSchema]:
        with tempfile.TemporaryDirectory(prefix="sql-revisions-") as folder, tempfile.TemporaryDirectory() as other:
            _write_revisions(self._files, Path(folder))
            _write_revisions(self._beside, Path(other))
            yield AlembicSchema(Path(folder), self._url, self._lag, Path(other))

    def _as_written(self, revision: Revision) -> Revision:
        return replace(revision, file=str(self._file(revision.id).path))

    def _file(self, number: str) -> SqlFile:
        return next(file for file in self._files if file.number == number)


def read_sql_files(folder: Path) -> list[SqlFile]:
    """The migrations in `folder` and its folders `expand` and `contract`, by number.

    Raises BadInput for a file without a number, a number given twice, and a file that begins or ends transactions.
    """
    places = [place for place in (folder, folder / "expand", folder / "contract") if place.is_dir()]
    paths = [path for place in places for path in place.glob("*.sql") if not path.name.endswith(".down.sql")]
    files = sorted((_read(path) for path in paths), key=lambda file: (int(file.number), file.path.name))
    for earlier, later in itertools.pairwise(files):
        if int(earlier.number) == int(later.number):
            problem = f"{earlier.path.name} and {later.path.name} have the same number"
            raise BadInput("schema.directory", problem, "give each migration a number of its own")
    return files


def _read(path: Path) -> SqlFile:
    name = _NAME.fullmatch(path.stem)
    if name is None:
        problem = f"{path.name} does not begin with a number"
        raise BadInput("schema.directory", problem, "name it <timestamp>_<what it does>.sql")
    up, way_back = path.read_text(), path.with_name(f"{path.stem}.down.sql")
    down = way_back.read_text() if way_back.exists() else ""
    for text, where in ((up, path), (down, way_back)):
        _check_no_transactions(text, where)
    found = _HEADER.match(up)
    header = found[0] if found else ""
    is_contract = path.parent.name == "contract" or _CONTRACT.search(header) is not None
    reason = _NO_WAY_BACK.search(header)
    branch = "contract" if is_contract else "expand"
    return SqlFile(path, name["number"], name["title"], branch, up, down, reason["reason"] if reason else "")


def _check_no_transactions(text: str, path: Path) -> None:
    for statement in statements(text):
        first = next(outer_words(statement)).text.upper()
        if first in ("BEGIN", "COMMIT", "ROLLBACK", "START"):
            problem = f"{path.name} has {first}, but each file already runs in a transaction of its own"
            raise BadInput("schema.directory", problem, "take it out")


def _write_revisions(files: list[SqlFile], folder: Path) -> None:
    last: dict[str, str] = {}
    for file in files:
        text = _REVISION.format(
            title=file.title.replace("_", " ").replace('"', ""),
            number=file.number,
            after=last.get(file.branch),
            label=None if file.branch in last else (file.branch,),
            needs=last.get("expand") if file.branch == "contract" else None,
            reason=file.reason,
            up=file.up,
            down=f"run_sql({file.down!r})"
            if any(statements(file.down))
            else "raise NotImplementedError('it has no .down.sql')",
        )
        (folder / f"r{file.number}.py").write_text(text)
        last[file.branch] = file.number


def _digest(file: SqlFile) -> str:
    return hashlib.sha256(file.path.read_bytes()).hexdigest()
