"""Where whole releases are tried: a platform of its own, an environment at twins of all vendors, an app with data."""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from deployments.bench.whole_platform import whole_platform
from deployments.twins.staging import NAME, Staging, staging_at_twins
from deployments.twins.vercel_sites import Behaviour
from flows import outcome
from flows.release import release
from infra.commands import Command, Say, run
from infra.errors import PipelineError
from tasks.code_review import settle
from tasks.release import release_id

APP = "weathered-app"
GOOD, BAD = "a good release", "a bad release"
PULL = 7
RULES = """
[release]
way_back_seconds = 6

[backups]
missing_proof = "make"

[canary]
weights = [50, 100]
error_rate_limit = 0.4
slow_rate_limit = 0.4
acceptable_rate = 0.2
step_minimum_requests = 20
step_timeout_seconds = 30

[watch]
seconds = 0.5
previous_percent = 0
"""
MANIFEST = f"""name = "{APP}"
[commands]
start = "true"
[health]
path = "/"
timeout_seconds = 4
[schema]
tool = "sql"
directory = "db"
"""
SCHEMA = "CREATE TABLE shifts (id int PRIMARY KEY, guard text NOT NULL);"
ROWS = "INSERT INTO shifts SELECT n, 'guard ' || n FROM generate_series(1, 50) AS n;"
WHO = ("-c", "user.name=bench", "-c", "user.email=bench@example.invalid")


@dataclass(frozen=True)
class Version:
    """One release that is over."""

    label: str
    commit: str
    ended: State[Any]

    @property
    def release(self) -> str:
        """Its id."""
        return release_id(self.label, str(self.ended.state_details.flow_run_id))


@dataclass
class Field:
    """Where releases are tried: each is a new version, on what the one before it left."""

    staging: Staging
    repository: Path
    live: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def release(self, scenario: str, weather: Callable[[], None] | None = None) -> Version:
        """A new version, and how its release ended. `weather` begins with it, or with a bad one's first visitors."""
        label = f"v{next(self.numbers)}"
        (self.repository / "page.html").write_text(f"<h1>{label}</h1>\n")
        _git(self.repository, "add", "-A")
        _git(self.repository, *WHO, "commit", "-q", "-m", label)
        _git(self.repository, "tag", label)
        commit = run(Command(("git", "-C", str(self.repository), "rev-parse", "HEAD"))).output.strip()
        self.staging.github.state.pulls[commit] = [PULL]
        # Each release is the first one to ask for this, as far as the project knows.
        self.staging.vercel.production.config = None
        over = threading.Event()
        if scenario == BAD:
            self.staging.vercel.behaviours[label] = Behaviour(error_share=0.8, in_ramp_only=True)
        if weather and scenario == BAD:
            threading.Thread(target=self._with_the_first_visitors, args=(weather, over), daemon=True).start()
        elif weather:
            weather()
        try:
            asked = {"repository": str(self.repository), "ref": label, "environment": NAME}
            ended = release(**asked, return_state=True)
        finally:
            over.set()
        settle()
        return Version(label, commit, ended)

    def _with_the_first_visitors(self, weather: Callable[[], None], over: threading.Event) -> None:
        while not over.wait(0.01):
            if self.staging.vercel.production.active:
                weather()
                return


@contextmanager
def open_field(say: Say) -> Iterator[Field]:
    """On a platform of its own, with a first version live and some rows of its data."""
    with whole_platform(say) as local, tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "app"
        (repository / "db").mkdir(parents=True)
        (repository / "pipeline.toml").write_text(MANIFEST)
        (repository / "db" / "001_shifts.sql").write_text(SCHEMA)
        (repository / "db" / "001_shifts.down.sql").write_text("DROP TABLE shifts;")
        _git(repository, "init", "-q", "-b", "main")
        told = temporary_settings(updates={PREFECT_API_URL: local.prefect_url, PREFECT_HOME: Path(folder) / "home"})
        with told, staging_at_twins(local, APP, Path(folder), RULES, is_whole=True) as staging:
            found = Field(staging, repository)
            first = found.release(GOOD)
            if first.ended.name != outcome.PROMOTED:
                raise PipelineError(f"the first release ended {first.ended.name}: {first.ended.message}")
            found.live = first.label
            with psycopg.connect(staging.platform().database.url(APP)) as connection:
                connection.execute(ROWS)
            yield found


def _git(repository: Path, *words: str) -> None:
    run(Command(("git", "-C", str(repository), *words)))
