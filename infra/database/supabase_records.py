"""What Supabase's Management API answers, as far as we use it."""

from __future__ import annotations

from pydantic import Field

from infra.http.answer import Record

HEALTHY = "ACTIVE_HEALTHY"
RESTORE_FAILED = ("RESTORE_FAILED", "INIT_FAILED", "REMOVED")


class ProjectDatabase(Record):
    """Where its Postgres is."""

    host: str
    version: str


class Project(Record):
    """`status` is ACTIVE_HEALTHY, RESTORING, COMING_UP, RESTORE_FAILED and so on."""

    ref: str
    name: str
    region: str
    status: str
    database: ProjectDatabase


class ServiceHealth(Record):
    """One service of the project: db, pooler, realtime, rest, auth, storage."""

    name: str
    status: str
    error: str = ""

    @property
    def is_healthy(self) -> bool:
        """By its status: `healthy` is deprecated."""
        return self.status == HEALTHY


class PhysicalBackups(Record):
    """From when to when the project can be returned to a second, in seconds since the epoch; None: it cannot."""

    earliest: int | None = Field(None, alias="earliest_physical_backup_date_unix")
    latest: int | None = Field(None, alias="latest_physical_backup_date_unix")


class VendorBackup(Record):
    """One daily backup of the vendor's. `inserted_at` is an ISO time."""

    id: int
    status: str
    inserted_at: str


class VendorBackups(Record):
    """What the vendor keeps itself."""

    pitr_enabled: bool
    backups: list[VendorBackup]
    physical: PhysicalBackups = Field(PhysicalBackups(), alias="physical_backup_data")

    def reaches(self, moment: float) -> bool:
        """Whether the project can be returned to that second."""
        earliest, latest = self.physical.earliest, self.physical.latest
        return bool(self.pitr_enabled and earliest and latest and earliest <= moment <= latest)


class ReadOnly(Record):
    """`enabled` when the vendor has made the database read-only (a full disk); `override` when writes are let in."""

    enabled: bool
    override: bool = Field(alias="override_enabled")


class Allowed(Record):
    """Address ranges that may reach the database."""

    v4: list[str] = Field([], alias="dbAllowedCidrs")
    v6: list[str] = Field([], alias="dbAllowedCidrsV6")


class Restrictions(Record):
    """`entitlement` is `allowed` where the plan has them; `status` is `applied` or `stored`."""

    entitlement: str
    status: str
    config: Allowed


class Branch(Record):
    """A preview's database: a project of its own, `project_ref`, of the project `parent_project_ref`."""

    id: str
    name: str
    project_ref: str
    parent_project_ref: str
    status: str
    is_default: bool
    created: str = Field("", alias="created_at")


class BranchAccess(Record):
    """How to reach a branch's Postgres. `status` is a project's."""

    ref: str
    status: str
    host: str = Field(alias="db_host")
    port: int = Field(alias="db_port")
    user: str = Field("postgres", alias="db_user")
    password: str = Field("", alias="db_pass", repr=False)


class ApiKey(Record):
    """Without its value: that is never asked for."""

    name: str
    type: str | None = None


class Pooler(Record):
    """One way in through the pooler. `mode` is `transaction` or `session`."""

    kind: str = Field(alias="database_type")
    host: str = Field(alias="db_host")
    port: int = Field(alias="db_port")
    mode: str = Field(alias="pool_mode")


class Addon(Record):
    """Such as `pitr` or `ipv4`."""

    type: str


class Addons(Record):
    """What the project has and pays for."""

    selected: list[Addon] = Field(alias="selected_addons")

    def has(self, kind: str) -> bool:
        """Whether an add-on of that kind is there."""
        return any(one.type == kind for one in self.selected)
