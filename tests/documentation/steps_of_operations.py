"""What a step of the scenario is, and the world in which the steps are taken one after the other."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from apps import commit, manifest, server
from terminal import Terminal

from deployments.prefect_api import FlowRun, PrefectApi
from deployments.twins.staging import Staging
from infra.environment import Environment

APP = "shop"
PRODUCTION = "production"
ALWAYS = {"A": APP, "W": "'a test'", '"..."': "'a test'", "...": "'a test'", "E": "local"}
SCHEMA = '[smoke]\ncommand = "sh {0}/smoke.sh"\n[schema]\ntool = "sql"\ndirectory = "db"\n'
TABLE = {
    "db/20260101000000_shifts.sql": "CREATE TABLE shifts (id bigint PRIMARY KEY, old text);\n",
    "db/20260101000000_shifts.down.sql": "DROP TABLE shifts;\n",
}
WELL, ILL = "exit 0\n", "exit 1\n"
WAITING = "touch {0}/began; while ! test -e {0}/open; do sleep 0.5; done\n"


@dataclass
class World:
    """An app in a repository, whose smoke tests do as the scenario says; `failed` is the last run that failed."""

    environment: Environment
    folder: Path
    terminal: Terminal
    twins: Staging
    failed: str = ""
    moment: str = ""
    point: str = ""
    numbers: int = 0
    flight: FlowRun | None = None

    @property
    def repository(self) -> Path:
        """The app's."""
        return self.terminal.folder

    @property
    def api(self) -> PrefectApi:
        """Of the local platform."""
        return PrefectApi(self.environment.prefect_url)

    def smoke(self, script: str) -> None:
        """What the app's smoke tests do from now on."""
        (self.folder / "smoke.sh").write_text(script.format(self.folder))

    def version(self, **files: str) -> str:
        """The next version of the app, committed and tagged."""
        self.numbers += 1
        tag = f"v{self.numbers}"
        first = {"pipeline.toml": manifest(APP, SCHEMA.format(self.folder)), "server.py": server(), **TABLE}
        return (
            tag if commit(self.repository, tag, {**(first if self.numbers == 1 else {}), "note": tag, **files}) else ""
        )

    def start(self, ref: str) -> FlowRun:
        """A release that nobody waits for."""
        return self.api.start("release", "local", {"repository": str(self.repository), "ref": ref})

    def over(self, run: FlowRun) -> FlowRun:
        """Once it is."""
        self.until(f"the end of {run.name}", lambda: self.api.flow_run(run.id).is_over)
        return self.api.flow_run(run.id)

    def until(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait, and say what for when it does not come."""
        deadline = time.monotonic() + 300
        while not is_so():
            assert time.monotonic() < deadline, f"{what} did not come"
            time.sleep(0.5)


Hook = Callable[[World], object]


@dataclass(frozen=True)
class Step:
    """A command that a page shows and how it is run: with what in the place of its placeholders, and `more` words
    where the page only names the verb. It has to end with `code` and to say `says`."""

    shown: str
    given: Mapping[str, str] = field(default_factory=dict)
    more: str = ""
    code: int = 0
    says: str = ""
    before: Hook | None = None
    after: Hook | None = None

    def take(self, world: World) -> None:
        """Run it, in each of its forms: what stands in brackets is left out, and then not."""
        if self.before:
            self.before(world)
        for form in forms(self.shown):
            ended, said = world.terminal.type(f"{self.filled(form, world)} {self.more.format(w=world)}".strip())
            assert ended == self.code, f"`{self.shown}` ended {ended}, not {self.code}"
            assert self.says.format(w=world) in said, f"`{self.shown}` does not say {self.says!r}"
            if self.after:
                self.after(world)

    def filled(self, form: str, world: World | None = None) -> str:
        """Its words, with those that only stand for something replaced."""
        given = {**ALWAYS, **self.given}
        return " ".join(given[word].format(w=world) if word in given else word for word in form.split(" "))


def forms(shown: str) -> list[str]:
    """`a [--b]` is `a` and `a --b`."""
    without = " ".join(re.sub(r"\[[^\]]*\]", "", shown).split())
    return [without, shown.replace("[", "").replace("]", "")] if "[" in shown else [shown]
