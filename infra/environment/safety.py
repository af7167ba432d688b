"""What must hold before anything is touched: gates, backups, migrations, hours."""

from __future__ import annotations

import zoneinfo
from typing import Literal

from pydantic import Field, field_validator, model_validator

from infra.config import Part


class Gates(Part):
    """What must hold before anything is touched."""

    scan_severity: Literal["low", "medium", "high", "critical"] = "high"
    advisories_max_age_days: int = Field(365, ge=1)
    standby_lag_max_bytes: int = Field(16_777_216, ge=0)
    archive_max_age_seconds: int = Field(3600, ge=1)
    snapshot_max_age_hours: float = Field(26, gt=0)
    backup_proof_max_age_hours: float = Field(26, gt=0)
    error_budget: Literal["tell", "close"] = "tell"


class Backups(Part):
    """How long backups are kept, what a restore may cost, and what has to be true of the restored data.

    `invariants` has, for each app, SELECTs that find what is wrong in its restored database, and so no row.
    """

    retention_days: int = Field(30, ge=1)
    rto_max_seconds: float = Field(14_400, gt=0)
    rpo_max_seconds: float = Field(3600, gt=0)
    missing_proof: Literal["make", "close"] = "close"
    invariants: dict[str, tuple[str, ...]] = Field(default_factory=dict)


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
