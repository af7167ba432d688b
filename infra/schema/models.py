"""Whether a schema equals the models of the app, as far as SQLAlchemy describes them."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from infra.commands import Command, run
from infra.environment import PROJECT_FOLDER


def differences(folder: Path, models: str, url: str, is_strict: bool) -> list[str]:
    """Where the database differs from `models` (`module:attribute`, looked for in `folder`); a line each.

    What the schema has beyond the models counts only when `is_strict`: before a contract it has to have more.
    The app's code runs in a process of its own. Raises CommandFailed with its words when it cannot be imported.
    """
    with tempfile.TemporaryDirectory(prefix="models-") as place:
        answer = Path(place) / "answer.json"
        words = ("--models", models, "--folder", str(folder), "--answer", str(answer))
        run(
            Command(
                (sys.executable, "-m", "migrations.compare", *words, *(["--strict"] if is_strict else [])),
                folder=PROJECT_FOLDER,
                variables={"PIPELINE_DATABASE_URL": url, "PYTHONDONTWRITEBYTECODE": "1"},
                timeout_seconds=120,
            )
        )
        return list(json.loads(answer.read_text()))
