"""A schema kept by Alembic in an `expand` and a `contract` branch; the app brings revision files, we the rest.

An app's revision code runs in a process of its own, which knows the app's database and none of our secrets.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

from infra.commands import Command, Say, run
from infra.database.connection import Access, access_to, connected, has_row
from infra.environment import PROJECT_FOLDER
from infra.errors import BadInput, CommandFailed, Rejected, Unreachable
from infra.schema import Revision, Written
from infra.schema.fingerprint import fingerprint_of
from infra.schema.onlookers import Onlookers

Branch = Literal["expand", "contract"]
_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_SECONDS = 3600.0
_LOCK_NOT_AVAILABLE = "55P03"


class LockTimeout(CommandFailed):
    """A revision waited too long for a lock and was taken back whole: it may be tried again."""


class AlembicSchema:
    """The revision files in `folder`, beside the database at `database_url` (`postgresql://user:password@host/name`).

    Files lie in the folder itself or in its folders `expand` and `contract`. A revision's branch is its label's,
    else its folder's, else that of the revision it follows; without any of these it is expand.

    `lag` tells how many bytes the standby is behind: backfills wait for it. `beside` has the revision files of
    another version, asked about revisions that neither this one nor the database's own history knows.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        lag: Callable[[], int] | None = None,
        beside: Path | None = None,
    ) -> None:
        if not folder.is_dir():
            raise BadInput("schema.directory", f"{folder} is not a folder", "name the folder of the revision files")
        self._folder = folder.resolve()
        self._url = database_url
        self._access: Access = access_to(database_url)
        self._lag = lag
        self._beside = beside

    def current(self) -> tuple[str, ...]:
        """The revisions that the database says it has (heads), read from the database; sorted."""
        with connected(self._access) as connection:
            if not has_row(connection, "SELECT 1 WHERE to_regclass('alembic_version') IS NOT NULL"):
                return ()
            return tuple(
                str(name) for (name,) in connection.execute("SELECT version_num FROM alembic_version ORDER BY 1")
            )

    def pending(self, branch: str) -> list[Revision]:
        """Revisions of `branch` that the database does not have yet, oldest first.

        A version older than the schema may run on what later ones added; Rejected is raised when one of them took
        something away, or when the database has a revision that nobody wrote down.
        """
        answer = self._ask("pending", "--branch", _branch(branch), "--revisions", *self.current())
        return [Revision(**found) for found in answer["revisions"]]

    def written(self, branch: str, have: tuple[str, ...] | None = None) -> list[Written]:
        """What `upgrade` would run, oldest first: now, or on a database at `have`, which then is not asked.

        Raises Rejected or CommandFailed for a revision that cannot be written without a database.
        """
        heads = self.current() if have is None else have
        history: list[dict[str, Any]] | None = None if have is None else []
        answer = self._ask("sql", "--branch", _branch(branch), "--revisions", *heads, history=history)
        found = [(Revision(**entry["revision"]), str(entry["sql"])) for entry in answer["written"]]
        return [Written(one, sql, hashlib.sha256(Path(one.file).read_bytes()).hexdigest()) for one, sql in found]

    def upgrade(self, branch: str, say: Say) -> tuple[str, ...]:
        """Finish backfills that were left, then apply all pending revisions of `branch`, each in its own transaction.

        What the database has then. Raises Rejected, before anything is applied, when one needs a pending revision
        of the other branch, and CommandFailed with Postgres's words when a revision fails: those before it stay, it
        leaves nothing; a backfill that fails keeps its batches and goes on next time. Its subclass LockTimeout
        comes after five attempts to get a lock.
        """
        with tempfile.TemporaryDirectory(prefix="schema-hold-") as folder:
            hold = Path(folder) / "hold"
            with Onlookers(self._access, hold, say, self._lag) as onlookers:
                self._insist("upgrade", "--branch", _branch(branch), "--hold", str(hold), say=onlookers.hear)
        return self.current()

    def back_to(self, revisions: tuple[str, ...], say: Say) -> tuple[str, ...]:
        """Undo, newest first, what was applied since `revisions`; harmless when nothing was."""
        if set(self.current()) != set(revisions):
            self._insist("back", "--revisions", *revisions, say=say)
        return self.current()

    def described(self) -> list[dict[str, Any]]:
        """Every revision of these files as `revision`, `branch` and `parents`; the database is not asked."""
        return list(self._ask("describe", history=[])["revisions"])

    def fingerprint(self) -> str:
        """A digest of tables, columns, types, defaults, indexes and constraints: equal means the same schema."""
        return fingerprint_of(self._access)

    def _insist(self, *words: str, say: Say) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._ask(*words, say=say)
                return
            except LockTimeout as error:
                if attempt == _ATTEMPTS:
                    raise
                # Jitter, so that two who wait for each other do not keep meeting.
                pause = _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)
                say(f"{error.tail}; attempt {attempt} of {_ATTEMPTS}, again in {pause:.1f} s")
                time.sleep(pause)

    def _ask(
        self, action: str, *words: str, say: Say | None = None, history: list[dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        known = self._history() if history is None else history
        with tempfile.TemporaryDirectory(prefix="schema-") as folder:
            file, notes = Path(folder) / "answer.json", Path(folder) / "history.json"
            notes.write_text(json.dumps(known))
            files = ("--folder", str(self._folder), "--answer", str(file), "--history", str(notes))
            what = self._command(action, *files, *words)
            outcome = run(what, say=say, accept=(0, 2))
            answer: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        if outcome.code == 2 and "error" not in answer:
            raise CommandFailed(str(what), outcome.code, outcome.output)
        if "error" in answer:
            raise _refusal(str(what), **answer["error"])
        return answer

    def _history(self) -> list[dict[str, Any]]:
        with connected(self._access) as connection:
            if not has_row(connection, "SELECT 1 WHERE to_regclass('pipeline_schema_history') IS NOT NULL"):
                return self._told_beside(set())
            found = connection.execute("SELECT revision, branch, parents FROM pipeline_schema_history").fetchall()
        kept = [{"revision": name, "branch": branch, "parents": parents} for name, branch, parents in found]
        return kept + self._told_beside({entry["revision"] for entry in kept})

    def _told_beside(self, known: set[str]) -> list[dict[str, Any]]:
        """What the other version's files say, where the database has something that its history does not explain."""
        if self._beside is None or not self._beside.is_dir() or set(self.current()) <= known:
            return []
        others = AlembicSchema(self._beside, self._url).described()
        return [entry for entry in others if entry["revision"] not in known]

    def _command(self, *words: str) -> Command:
        return Command(
            (sys.executable, "-m", "migrations.run", *words),
            folder=PROJECT_FOLDER,
            variables={"PIPELINE_DATABASE_URL": self._url, "PYTHONDONTWRITEBYTECODE": "1"},
            timeout_seconds=_LONGEST_SECONDS,
        )


def _branch(name: str) -> str:
    if name not in get_args(Branch):
        raise BadInput("branch", f"{name!r} does not exist", f"choose one of: {', '.join(get_args(Branch))}")
    return name


def _refusal(asked: str, kind: str, message: str, hint: str, sqlstate: str) -> Rejected | Unreachable:
    if kind != "database":
        return Rejected(message, hint)
    if sqlstate == _LOCK_NOT_AVAILABLE:
        hint = "find who holds the lock in pg_stat_activity, end it or wait, then repeat"
        return LockTimeout(asked, 2, f"lock timeout: {message}", hint)
    if not sqlstate and "revision" not in message:
        return Unreachable(message, "is the database up? see `pipeline status`")
    return CommandFailed(asked, 2, message, "nothing of this revision was kept; mend it and repeat")
