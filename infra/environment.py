"""The typed configuration of one environment, read from `deployments/environments/<name>.toml`.

Every key is explained in `deployments/environments/example.toml`; a test keeps the two equal.
"""

from __future__ import annotations

import itertools
import os
import zoneinfo
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from infra.config import Part, parse_table, read_toml
from infra.errors import BadInput
from infra.redaction import remember_secrets

Kind = Literal["local", "development", "staging", "production"]
Share = Annotated[float, Field(gt=0, lt=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
_PLACEHOLDERS = (
    "changeme",
    "change-me",
    "todo",
    "xxx",
    "placeholder",
    "your-",
    "example",
    "<",
    "secret",
    "password",
)
PROJECT_FOLDER = Path(__file__).resolve().parent.parent
ENVIRONMENTS_FOLDER = PROJECT_FOLDER / "deployments" / "environments"


class LocalPlatform(Part):
    """Ports of the embedded platform, all on 127.0.0.1. One edge port for each app, in order of first release."""

    edge_ports: tuple[Port, ...] = Field((8080, 8081, 8082, 8083), min_length=1, max_length=16)
    edge_admin_port: Port = 2019
    postgres_port: Port = 5440
    standby_port: Port = 5441
    control_postgres_port: Port = 5442
    object_store_port: Port = 9100
    prefect_port: Port = 4200

    @model_validator(mode="after")
    def _ports_differ(self) -> LocalPlatform:
        ports = [*self.edge_ports, *(getattr(self, n) for n in type(self).model_fields if n != "edge_ports")]
        twice = sorted({port for port in ports if ports.count(port) > 1})
        if twice:
            raise ValueError(f"port {twice[0]} is given to two things; each needs its own")
        return self


class App(Part):
    """What is released here. An empty name lets any app in.

    A secret variable is `env:NAME`, read from our own environment when it is needed; only a local
    environment may hold the value itself.
    """

    name: str = ""
    variables: dict[str, str] = Field(default_factory=dict)
    secret_variables: dict[str, str] = Field(default_factory=dict)

    @field_validator("secret_variables")
    @classmethod
    def _are_real(cls, value: dict[str, str]) -> dict[str, str]:
        for name, secret in value.items():
            if not secret.strip() or secret.lower().startswith(_PLACEHOLDERS):
                raise ValueError(f"{name} holds a placeholder, not a secret")
        return value

    def secrets(self) -> dict[str, str]:
        """The values of the secret variables, redacted from everything printed from now on.

        Raises BadInput naming the one that is not set.
        """
        found = {name: _secret(f"app.secret_variables.{name}", value) for name, value in self.secret_variables.items()}
        remember_secrets(found.values())
        return found


def _secret(field: str, value: str) -> str:
    if not value.startswith("env:"):
        return value
    name = value.removeprefix("env:")
    secret = os.environ.get(name, "")
    if not secret.strip() or secret.lower().startswith(_PLACEHOLDERS):
        raise BadInput(field, f"the variable {name} is not set or holds a placeholder", f"export {name}")
    return secret


class Traffic(Part):
    """How visitors meet versions. Sticky visitors keep their slot while the weight grows."""

    sticky: bool = True
    drain_seconds: float = Field(5, ge=0, le=3600)


class Gates(Part):
    """What must hold before anything is touched."""

    scan_severity: Literal["low", "medium", "high", "critical"] = "high"
    advisories_max_age_days: int = Field(365, ge=1)
    standby_lag_max_bytes: int = Field(16_777_216, ge=0)
    archive_max_age_seconds: int = Field(3600, ge=1)
    snapshot_max_age_hours: float = Field(26, gt=0)
    backup_proof_max_age_hours: float = Field(26, gt=0)


class Backups(Part):
    """How long backups are kept, what a restore may cost, and what has to be true of the restored data.

    `invariants` has, for each app, SELECTs that find what is wrong in its restored database, and so no row.
    """

    retention_days: int = Field(30, ge=1)
    rto_max_seconds: float = Field(14_400, gt=0)
    rpo_max_seconds: float = Field(3600, gt=0)
    missing_proof: Literal["make", "close"] = "close"
    invariants: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Canary(Part):
    """The ramp: weights in percent, and the evidence that each step wants.

    The defaults are the triggers: over 5 % errors, a 95th percentile over 2000 ms (which is more than 5 % of the
    requests slower than that), more than 3 failed health checks in a row.
    """

    weights: tuple[Annotated[int, Field(ge=1, le=100)], ...] = (5, 25, 50, 100)
    alpha: float = Field(0.01, gt=0, lt=0.5)
    beta: float = Field(0.05, gt=0, lt=0.5)
    error_rate_limit: Share = 0.05
    slow_ms: float = Field(2000, gt=0)
    slow_rate_limit: Share = 0.05
    acceptable_rate: float = Field(0.02, gt=0, lt=1)
    odds_ratio_margin: float = Field(2.0, gt=1, lt=100)
    failed_health_checks: int = Field(3, ge=1)
    step_minimum_requests: int = Field(100, ge=1)
    step_timeout_seconds: float = Field(1800, gt=0)
    undecided: Literal["hold", "abort"] = "abort"
    hold_timeout_seconds: float = Field(14_400, gt=0)
    batch_seconds: int = Field(1, ge=1, le=60)
    probe_below_requests_per_second: float = Field(1.0, ge=0)

    @field_validator("weights")
    @classmethod
    def _ascend_to_everyone(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or value[-1] != 100:
            raise ValueError("must end with 100: a release reaches everyone or goes back")
        if any(later <= earlier for earlier, later in itertools.pairwise(value)):
            raise ValueError(f"{list(value)} must ascend: each step reaches more people than the one before")
        return value

    @model_validator(mode="after")
    def _acceptable_is_within_the_limits(self) -> Canary:
        for limit in ("error_rate_limit", "slow_rate_limit"):
            if self.acceptable_rate >= getattr(self, limit):
                raise ValueError(
                    f"acceptable_rate {self.acceptable_rate:g} is not below {limit} {getattr(self, limit):g}, so what "
                    f"fails a candidate would also pass it; fix: lower acceptable_rate or raise {limit}"
                )
        return self


class Watch(Part):
    """How long the new version is looked after once it is promoted, and the share of the requests that the
    version before it keeps meanwhile, so that the two can still be compared."""

    seconds: float = Field(600, ge=0)
    previous_percent: int = Field(5, ge=0, le=50)


class Migrations(Part):
    """How long what a contract drops must have been unused, and where revisions are tried first.

    `proven_in` names the environment in which a revision must have been verified before it is applied here; a
    production environment that names none takes `staging`.
    """

    bake_hours: float = Field(24, ge=0)
    proven_in: str = Field("", pattern=r"^([a-z][a-z0-9-]{1,30})?$")


class PeakHours(Part):
    """Hours in which no release starts. `zone` is an IANA name such as Europe/Amsterdam."""

    zone: str
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    start_hour: int = Field(ge=0, le=23)
    end_hour: int = Field(ge=1, le=24)

    @field_validator("zone")
    @classmethod
    def _exists(cls, value: str) -> str:
        if value not in zoneinfo.available_timezones():
            raise ValueError(f"{value!r} is not a time zone; peak hours need one, such as Europe/Amsterdam")
        return value

    @model_validator(mode="after")
    def _is_a_span(self) -> PeakHours:
        if self.end_hour <= self.start_hour:
            raise ValueError(f"end_hour {self.end_hour} must come after start_hour {self.start_hour}")
        return self


class Environment(Part):
    """One whole file."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")
    kind: Kind
    state_folder: str = ".pipeline"
    prefect_api: str = Field("", pattern=r"^(https?://.*/api)?$")
    platform: LocalPlatform = LocalPlatform()
    app: App = App()
    traffic: Traffic = Traffic()
    gates: Gates = Gates()
    backups: Backups = Backups()
    canary: Canary = Canary()
    watch: Watch = Watch()
    migrations: Migrations = Migrations()
    peak_hours: PeakHours | None = None

    @model_validator(mode="after")
    def _keeps_secrets_elsewhere(self) -> Environment:
        plain = [name for name, value in self.app.secret_variables.items() if not value.startswith("env:")]
        if plain and self.kind != "local":
            raise ValueError(f"app.secret_variables.{plain[0]} is written in the file; write env:{plain[0]} instead")
        return self

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
    return environment


def _folder() -> Path:
    """PIPELINE_ENVIRONMENTS points elsewhere, for a team that keeps its files in its own repository, and for tests."""
    return Path(os.environ.get("PIPELINE_ENVIRONMENTS", "") or ENVIRONMENTS_FOLDER)
