"""Whether a schema equals the models of the app, as far as SQLAlchemy describes them, and what would make it so."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.commands import Command, Say, run
from infra.environment import PROJECT_FOLDER
from infra.manifest import SchemaFiles
from infra.schema.alembic_branches import AlembicSchema


def differences(folder: Path, models: str, url: str, is_strict: bool) -> list[str]:
    """Where the database differs from `models` (`module:attribute`, looked for in `folder`); a line each.

    What the schema has beyond the models counts only when `is_strict`: before a contract it has to have more.
    The app's code runs in a process of its own. Raises CommandFailed with its words when it cannot be imported.
    """
    return list(_ask("migrations.compare", folder, models, url, *(["--strict"] if is_strict else [])))


@dataclass(frozen=True)
class Proposal:
    """The bodies of a revision's two functions as Python, or empty; `left` counts what is the other branch's."""

    upgrade: str
    downgrade: str
    left: int


def propose(folder: Path, files: SchemaFiles, branch: str, url: str, say: Say) -> Proposal:
    """What a revision at the end of `branch` has to do to bring the schema to the models, as Alembic works it out.

    `url` is of an empty database: all revisions are applied to it first. Raises what they raise, and as `differences`.
    """
    schema = AlembicSchema(folder / files.directory, url)
    for one in ("expand", "contract"):
        schema.upgrade(one, say)
    return Proposal(**_ask("migrations.propose", folder, files.models, url, "--branch", branch))


def _ask(module: str, folder: Path, models: str, url: str, *options: str) -> Any:
    with tempfile.TemporaryDirectory(prefix="models-") as place:
        answer = Path(place) / "answer.json"
        words = ("--models", models, "--folder", str(folder), "--answer", str(answer), *options)
        run(
            Command(
                (sys.executable, "-m", module, *words),
                folder=PROJECT_FOLDER,
                variables={"PIPELINE_DATABASE_URL": url, "PYTHONDONTWRITEBYTECODE": "1"},
                timeout_seconds=120,
            )
        )
        return json.loads(answer.read_text())
