"""`pipeline.toml` in an app's repository: how to build, start, check and migrate it. Any language, no plug-ins."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from infra.config import Part, parse_table, read_toml

FILE_NAME = "pipeline.toml"
_NAME = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")


class Commands(Part):
    """Shell lines, run in the repository's folder. `start` finds PORT and DATABASE_URL in its environment."""

    install: str = ""
    build: str = ""
    start: str = Field(min_length=1)
    timeout_seconds: int = Field(600, ge=1, le=7200, description="for install and for build, each")


class Health(Part):
    """The path that answers 200 when the app can serve."""

    path: str = Field("/", pattern=r"^/")
    timeout_seconds: int = Field(30, ge=1, le=900)


class Coverage(Part):
    """A command that writes a coverage report, and how much must be covered."""

    command: str = Field(min_length=1)
    report: str = Field(min_length=1)
    minimum_percent: float = Field(80, ge=0, le=100)


class Checks(Part):
    """The app's own tests. `integration` finds DATABASE_URL of an empty, migrated scratch database."""

    unit: str = ""
    integration: str = ""
    coverage: Coverage | None = None
    timeout_seconds: int = Field(900, ge=1, le=7200)


class Smoke(Part):
    """Proof that a running deployment works: a command that finds BASE_URL, paths that answer 200, or both."""

    command: str = ""
    paths: tuple[str, ...] = ()
    timeout_seconds: int = Field(120, ge=1, le=3600)


class Flag(Part):
    """The feature flag that this version's new code is behind. The ramp may turn it up instead of the traffic."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")


class SchemaWaiver(Part):
    """One finding in one revision that somebody accepts until a day."""

    rule: str = Field(min_length=1)
    revision: str = Field(min_length=1)
    reason: str = Field(min_length=10)
    expires: datetime.date


class SchemaFiles(Part):
    """Where the migrations are: for Alembic the folder of revision files, for sql that of numbered SQL files.

    Each invariant is a SELECT that finds what is wrong, so no row. `models` is `module:attribute` of a SQLAlchemy
    MetaData that the schema must equal.
    """

    tool: Literal["alembic", "sql"] = "alembic"
    directory: str = Field(min_length=1)
    models: str = Field("", pattern=r"^([A-Za-z_][\w.]*:[A-Za-z_][\w.]*)?$")
    invariants: tuple[str, ...] = ()
    waivers: tuple[SchemaWaiver, ...] = ()

    @field_validator("invariants")
    @classmethod
    def _are_questions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for invariant in value:
            if invariant.split(None, 1)[:1] not in (["SELECT"], ["select"], ["WITH"], ["with"]):
                raise ValueError(f"{invariant[:40]!r} must be a SELECT that finds what is wrong")
        return value


class Manifest(Part):
    """The whole file."""

    name: str
    commands: Commands
    health: Health = Health()
    checks: Checks = Checks()
    smoke: Smoke = Smoke()
    flag: Flag | None = None
    migrations: SchemaFiles | None = Field(None, alias="schema")

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("must be 3 to 40 lower-case letters, digits and dashes, starting with a letter")
        return value


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the app in `folder`. Raises BadInput naming the key, its problem and the fix."""
    table = read_toml(
        folder / FILE_NAME,
        FILE_NAME,
        'add one to the repository; the least is: name = "my-app" and [commands] start = "node server.js"',
    )
    return parse_table(Manifest, table, FILE_NAME)
