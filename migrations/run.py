"""`python -m migrations.run`: runs an app's revisions in a process of their own, and answers in a JSON file.

The database's URL comes in PIPELINE_DATABASE_URL. Exit code 2 means: no, for the reason in the answer.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationStep, RevisionStep
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from psycopg import Error as DatabaseError
from sqlalchemy.exc import CompileError, DBAPIError

from migrations.backfill import NotABackfill
from migrations.filling import Filler, Stopped
from migrations.history import Applied, Recorder, note_time
from migrations.plan import Plan, Unfit, has_way_back, reason_without
from migrations.session import AnotherMigrator, side_session
from migrations.words import statements

Answer = dict[str, Any]


class Run:
    """One run over the revisions in `folder`. `running` is the revision that was started last."""

    def __init__(self, folder: Path, history: Sequence[Applied] = ()) -> None:
        self._config = _configuration(folder)
        self._scripts = ScriptDirectory.from_config(self._config)
        self._plan = Plan(self._scripts, history)
        self._known = self._plan.described()
        self._config.attributes["recorder"] = Recorder(self._known)
        self.running = ""

    def pending(self, branch: str, have: tuple[str, ...]) -> Answer:
        """What `upgrade` would run."""
        return {"revisions": [self._described(script) for script in self._plan.pending(branch, have)]}

    def sql(self, branch: str, have: tuple[str, ...]) -> Answer:
        """The same as SQL."""
        buffer = StringIO()
        begins: list[tuple[Script, int]] = []

        def steps(heads: tuple[str, ...], _: object) -> Iterator[RevisionStep]:
            for script in self._plan.pending(branch, heads):
                begins.append((script, buffer.tell()))
                yield self._step(script)

        start = self._plan.known_heads(have)
        self._run(steps, starting_rev=start, as_sql=True, output_buffer=buffer)
        # Each ends where the next one begins; the last is followed by an end of Alembic's own.
        ends = [*(at for _, at in begins[1:]), buffer.tell()]
        pieces = [(one, buffer.getvalue()[at:end]) for (one, at), end in zip(begins, ends, strict=False)]
        return {"written": [{"revision": self._described(one), "sql": _without_own(text)} for one, text in pieces]}

    def described(self) -> Answer:
        """Every revision of these files, with its branch and what it stands on."""
        return {"revisions": [{**vars(one), "parents": list(one.parents)} for one in self._known.values()]}

    def upgrade(self, branch: str, hold: Path) -> Answer:
        """Run all that is pending, or nothing when one of them needs the other branch first.

        A backfill that a run before this one left unfinished comes first. While the file `hold` exists, backfills wait.
        """

        def steps(heads: tuple[str, ...], _: object) -> Iterator[RevisionStep]:
            chosen = self._plan.applicable(branch, heads)
            with side_session() as side:
                filler = Filler(side, hold, os.getppid(), _print)
                filler.finish_all()
                for script in chosen:
                    started = time.monotonic()
                    yield self._step(script)
                    # Alembic comes back for the next one when this one is committed.
                    note_time(side, script.revision, 1000 * (time.monotonic() - started))
                    filler.finish_all()

        self._run(steps)
        return {}

    def back(self, target: tuple[str, ...]) -> Answer:
        """Undo all that came after `target`."""

        def steps(heads: tuple[str, ...], _: object) -> Iterator[RevisionStep]:
            for script in self._plan.undone(target, heads):
                yield self._step(script, down=True)

        self._run(steps)
        return {}

    def _run(self, steps: Callable[[tuple[str, ...], object], Iterator[RevisionStep]], **options: object) -> None:
        with EnvironmentContext(self._config, self._scripts, fn=steps, **options):
            self._scripts.run_env()

    def _step(self, script: Script, *, down: bool = False) -> RevisionStep:
        self.running = script.revision
        _print(f"{'undoing' if down else 'applying'} {script.revision}: {script.doc}")
        make = MigrationStep.downgrade_from_script if down else MigrationStep.upgrade_from_script
        return make(self._scripts.revision_map, script)

    def _described(self, script: Script) -> Answer:
        return {
            "id": script.revision,
            "branch": self._known[script.revision].branch,
            "title": script.doc or "",
            "has_way_back": has_way_back(script),
            "reason": reason_without(script),
            "file": script.path,
        }


def main(arguments: list[str] | None = None) -> int:
    """0 when done, 2 when the answer is no; anything else is a crash whose traceback is printed."""
    asked = _parser().parse_args(arguments)
    answer, code = _answer(asked)
    asked.answer.write_text(json.dumps(answer))
    return code


def _answer(asked: argparse.Namespace) -> tuple[Answer, int]:
    run: Run | None = None
    try:
        run = Run(asked.folder, _history(asked.history))
        return _do(run, asked), 0
    except Unfit as error:
        return _no("unfit", str(error), error.hint), 2
    except AnotherMigrator as error:
        return _no("locked", f"another migration is running in this database: {error}", "let it finish, then repeat"), 2
    except (NotABackfill, Stopped) as error:
        where = f"revision {run.running}: " if run and run.running else ""
        return _no("unfit", f"{where}{error}", "nothing is half done; mend it and repeat"), 2
    except CompileError as error:
        where = f"revision {run.running} " if run else ""
        return _no("unfit", f"{where}cannot be written as SQL: {error}", "use op.execute with plain SQL"), 2
    except CommandError as error:
        return _no("unfit", f"the revisions cannot be read: {error}", "mend the revision files"), 2
    except DBAPIError as error:
        where = f"revision {run.running} failed: " if run and run.running else ""
        return _no("database", where + _said(error), "", sqlstate=getattr(error.orig, "sqlstate", None) or ""), 2
    except DatabaseError as error:
        return _no("database", f"backfill failed: {' '.join(str(error).split())}", "", sqlstate=error.sqlstate or ""), 2


def _do(run: Run, asked: argparse.Namespace) -> Answer:
    have = tuple(asked.revisions)
    if asked.action == "back":
        return run.back(have)
    if asked.action == "upgrade":
        return run.upgrade(asked.branch, asked.hold)
    if asked.action == "describe":
        return run.described()
    return run.sql(asked.branch, have) if asked.action == "sql" else run.pending(asked.branch, have)


def _history(file: Path | None) -> list[Applied]:
    entries = json.loads(file.read_text()) if file else []
    return [Applied(entry["revision"], entry["branch"], tuple(entry["parents"])) for entry in entries]


def _without_own(text: str) -> str:
    """What the revision's author wrote: without the keeping of Alembic's own table."""
    return "".join(f"{one};\n\n" for one in statements(text) if "alembic_version" not in one)


def _print(line: str) -> None:
    print(line, flush=True)


def _no(kind: str, message: str, hint: str, sqlstate: str = "") -> Answer:
    print(message, flush=True)
    return {"error": {"kind": kind, "message": message, "hint": hint, "sqlstate": sqlstate}}


def _said(error: DBAPIError) -> str:
    statement = " ".join((error.statement or "").split())
    words = " ".join(str(error.orig).split())
    return f"{type(error.orig).__name__}: {words}" + (f" in: {statement[:300]}" if statement else "")


def _configuration(folder: Path) -> Config:
    config = Config()
    # Revision files lie in the folder itself, or apart in its folders of the two branches.
    places = [place for place in (folder / "expand", folder / "contract") if place.is_dir()] or [folder]
    config.set_main_option("script_location", _escaped(Path(__file__).resolve().parent))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(_escaped(place) for place in places))
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="migrations.run", description=__doc__)
    parser.add_argument("action", choices=("pending", "sql", "upgrade", "back", "describe"))
    parser.add_argument("--folder", type=Path, required=True, help="where the revision files are")
    parser.add_argument("--answer", type=Path, required=True, help="the JSON file to write")
    parser.add_argument("--history", type=Path, help="a JSON file of what the database says was applied")
    parser.add_argument("--hold", type=Path, default=Path("/nonexistent"), help="backfills wait while it exists")
    parser.add_argument("--branch", choices=("expand", "contract"), default="expand")
    parser.add_argument("--revisions", nargs="*", default=[], help="what the database has, or should have again")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
