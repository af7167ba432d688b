"""The app under chaos: a small web app on the real database, one version after another as commits of a git repository.

It answers the demo's visitors, so that their load and ledger serve here too. It starts in about 0.3 s.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.commands import Command, run
from infra.files import make_folder
from infra.manifest import FILE_NAME

APP = "chaos-app"
BAD_SHARE = 0.3
MANIFEST = """name = "{app}"
[commands]
start = "exec {python} server"
[health]
path = "/health"
timeout_seconds = 15
[checks]
unit = "true"
[schema]
tool = "sql"
directory = "migrations"
"""
BASE = """-- no way back: there is nothing before it to go back to
CREATE TABLE checkins (
    id uuid PRIMARY KEY,
    shift_id bigint NOT NULL,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL
);
CREATE TABLE payments (
    id uuid PRIMARY KEY,
    shift_id bigint NOT NULL,
    amount_cents bigint NOT NULL
);
"""
BASE_NUMBER = "0001"
_SERVER = Path(__file__).with_name("server.py")
_PERSON = {
    f"GIT_{who}_{what}": "chaos@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


@dataclass(frozen=True)
class Version:
    """What is released in one trial. `migration` is the number of the revision it adds, empty for none.

    A bad one fails three requests in ten; one that `fills` writes into the column that it adds, so that its way
    back has to leave the schema as it is.
    """

    tag: str
    migration: str = ""
    is_bad: bool = False
    fills: bool = False

    @property
    def column(self) -> str:
        """The column that its migration adds."""
        return f"extra_{self.migration}" if self.migration else ""


class Repository:
    """The app's git repository in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_folder(folder)
        self._git("init", "--quiet", "--initial-branch=main", "--template=")

    def commit(self, version: Version, applied: tuple[str, ...]) -> None:
        """A commit with a tag. `applied` are the revisions that the database has; a version knows each of them."""
        shutil.rmtree(self.folder / "migrations", ignore_errors=True)
        for name, text in self._files(version, applied).items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text(text)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--no-verify", "--no-gpg-sign", "--allow-empty", "-m", version.tag)
        self._git("tag", "--no-sign", version.tag)

    def _files(self, version: Version, applied: tuple[str, ...]) -> Mapping[str, str]:
        numbers = sorted({*applied, BASE_NUMBER, *filter(None, [version.migration])})
        faults = {"failing": BAD_SHARE if version.is_bad else 0.0, "column": version.column if version.fills else ""}
        return {
            FILE_NAME: MANIFEST.format(app=APP, python=sys.executable),
            # Without a suffix it is no code to the scanners, which have tests of their own and take half of the time.
            "server": _SERVER.read_text(),
            "faults.json": json.dumps(faults),
            **{name: text for number in numbers for name, text in _migration(number).items()},
        }

    def _git(self, *words: str) -> None:
        alone = {"HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
        run(Command(("git", *words), self.folder, _PERSON | alone, timeout_seconds=60))


def _migration(number: str) -> dict[str, str]:
    if number == BASE_NUMBER:
        return {f"migrations/{number}_base.sql": BASE}
    name = f"migrations/{number}_extra"
    return {
        f"{name}.sql": f"ALTER TABLE checkins ADD COLUMN extra_{number} text;\n",
        f"{name}.down.sql": f"ALTER TABLE checkins DROP COLUMN extra_{number};\n",
    }
