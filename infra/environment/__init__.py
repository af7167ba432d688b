"""The typed configuration of one environment, read from `deployments/environments/<name>.toml`.

Every key is explained in `deployments/environments/example.toml`; a test keeps the two equal.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from infra.config import Part, parse_table, read_toml
from infra.environment.alerts import Alerts
from infra.environment.app import App
from infra.environment.blocks import remember_server
from infra.environment.local_platform import LocalPlatform
from infra.environment.objective import Objective
from infra.environment.previews import Previews
from infra.environment.ramp import Canary, Traffic, Watch
from infra.environment.release_rules import ReleaseRules
from infra.environment.safety import Backups, Gates, Migrations, PeakHours
from infra.environment.secret import is_place, secret_places
from infra.environment.secret_rules import SecretRules
from infra.environment.vendors import Vercel
from infra.environment.vendors_code import Github
from infra.environment.vendors_data import Cloudflare, ObjectStoreSettings, Supabase
from infra.errors import BadInput

__all__ = [
    "ENVIRONMENTS_FOLDER",
    "PROJECT_FOLDER",
    "Alerts",
    "App",
    "Backups",
    "Canary",
    "Cloudflare",
    "Environment",
    "Gates",
    "Github",
    "Kind",
    "LocalPlatform",
    "Migrations",
    "ObjectStoreSettings",
    "Objective",
    "PeakHours",
    "Previews",
    "ReleaseRules",
    "SecretRules",
    "Supabase",
    "Traffic",
    "Vercel",
    "Watch",
    "environment_names",
    "load_environment",
]

Kind = Literal["local", "development", "staging", "production"]
PROJECT_FOLDER = Path(__file__).resolve().parent.parent.parent
ENVIRONMENTS_FOLDER = PROJECT_FOLDER / "deployments" / "environments"


class Environment(Part):
    """One whole file."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")
    kind: Kind
    state_folder: str = ".pipeline"
    prefect_api: str = Field("", pattern=r"^(https?://.*/api)?$")
    platform: LocalPlatform = LocalPlatform()
    app: App = App()
    release: ReleaseRules = ReleaseRules()
    traffic: Traffic = Traffic()
    gates: Gates = Gates()
    backups: Backups = Backups()
    canary: Canary = Canary()
    watch: Watch = Watch()
    objective: Objective = Objective()
    migrations: Migrations = Migrations()
    previews: Previews = Previews()
    alerts: Alerts = Alerts()
    secrets: SecretRules = SecretRules()
    peak_hours: PeakHours | None = None
    objects: ObjectStoreSettings | None = None
    vercel: Vercel | None = None
    supabase: Supabase | None = None
    cloudflare: Cloudflare | None = None
    github: Github | None = None

    @model_validator(mode="after")
    def _keeps_secrets_elsewhere(self) -> Environment:
        plain = [name for name, value in self.app.secret_variables.items() if not is_place(value)]
        if plain and self.kind != "local":
            raise ValueError(f"app.secret_variables.{plain[0]} is written in the file; write env:{plain[0]} instead")
        return self

    @property
    def proving_ground(self) -> str:
        """The environment that goes first, by its name; production always has one, empty: none does."""
        return self.migrations.proven_in or ("staging" if self.kind == "production" else "")

    @property
    def prefect_url(self) -> str:
        """Where Prefect's API is: as given, or the local platform's."""
        return self.prefect_api or f"http://127.0.0.1:{self.platform.prefect_port}/api"

    @property
    def state(self) -> Path:
        """The folder for this environment's state on this machine, absolute."""
        return (Path(os.environ.get("PIPELINE_STATE", "") or PROJECT_FOLDER / self.state_folder) / self.name).resolve()


def environment_names(folder: Path | None = None) -> list[str]:
    """Names of the environments that have a file."""
    return sorted(p.stem for p in (folder or _folder()).glob("*.toml") if p.stem != "example")


def load_environment(name: str, folder: Path | None = None) -> Environment:
    """The environment called `name`. Raises BadInput for an unknown one and for any wrong key."""
    known = environment_names(folder)
    if name not in known:
        raise BadInput("environment", f"{name!r} does not exist", f"choose one of: {', '.join(known)}")
    path = (folder or _folder()) / f"{name}.toml"
    environment = parse_table(Environment, read_toml(path, path.name, "restore it"), path.name)
    if environment.name != name:
        raise BadInput(f"{path.name}: name", f"is {environment.name!r}", f"must equal the file's name, {name!r}")
    for _, place in secret_places(environment.model_dump()):
        remember_server(place, environment.prefect_url)
    return environment


def _folder() -> Path:
    """PIPELINE_ENVIRONMENTS points elsewhere, for a team that keeps its files in its own repository, and for tests."""
    return Path(os.environ.get("PIPELINE_ENVIRONMENTS", "") or ENVIRONMENTS_FOLDER)
