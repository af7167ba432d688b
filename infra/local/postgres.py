"""The Postgres services of the local platform: the primary, its standby, and the orchestrator's own cluster."""

from __future__ import annotations

from infra.database.connection import Access, connected, ensure_database, ensure_role
from infra.database.shared_roles import ensure_shared_roles
from infra.environment import Environment
from infra.errors import Rejected
from infra.local import Place, Say, ServiceStatus
from infra.local.credentials import local_credentials
from infra.local.postgres_cluster import Cluster
from infra.local.postgres_protected import ProtectedPostgres
from infra.local.postgres_settings import (
    REPLICATION_ROLE,
    known_identity,
    plain_settings,
    postgres_folder,
    remember_identity,
    superuser,
)
from infra.local.postgres_standby import Standby

__all__ = ["ControlPostgres", "Primary", "Standby"]


class Primary(ProtectedPostgres):
    """Where the apps' data is. Each finished segment of its log goes to the object store."""

    name = "postgres-primary"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment, "primary", environment.platform.postgres_port)

    def up(self, say: Say) -> None:
        """Make it where it is missing, mend what a crash left, run it. Raises Rejected when its data has gone."""
        if not self._bare.exists:
            self._refuse_to_replace_lost_data()
            self._bare.initialise(say)
        remember_identity(self._environment, self._bare.folder)
        self.cluster.start(say)
        with connected(self._bare.access) as connection:
            ensure_role(
                connection, REPLICATION_ROLE, local_credentials(self._environment.state).replication, "REPLICATION"
            )
            ensure_shared_roles(connection)

    def status(self) -> ServiceStatus:
        """What it is now."""
        return self._bare.status(self._bare.access.port)

    def _refuse_to_replace_lost_data(self) -> None:
        if identity := known_identity(self._environment):
            raise Rejected(
                f"the data folder {self._bare.folder} of cluster {identity} is gone, and an empty one must not"
                " take its place",
                f"restore it from its snapshots, or give up the data: remove {self._bare.folder.parent}",
            )


class ControlPostgres:
    """The orchestrator's own database, apart: bringing back the apps' data never rewinds what it remembers."""

    name = "postgres-control"
    _role = "prefect"

    def __init__(self, environment: Environment) -> None:
        port = environment.platform.control_postgres_port
        self.ports: tuple[int, ...] = (port,)
        self._password = local_credentials(environment.state).control_postgres
        self.cluster = Cluster(
            Place(environment.state, self.name),
            postgres_folder(environment) / "control",
            superuser(environment, self.name, port),
            plain_settings(port),
        )

    def is_up(self) -> bool:
        """Whether its postmaster runs."""
        return self.cluster.daemon is not None

    def up(self, say: Say) -> None:
        """Make it where it is missing, mend what a crash left, run it."""
        if not self.cluster.exists:
            self.cluster.initialise(say)
        self.cluster.start(say)
        with connected(self.cluster.access) as connection:
            ensure_role(connection, self._role, self._password)
            ensure_database(connection, self._role, self._role)

    def down(self, say: Say) -> None:
        """Stop it; data stays."""
        self.cluster.stop(say)

    def status(self) -> ServiceStatus:
        """What it is now."""
        return self.cluster.status(self.cluster.access.port)

    def async_url(self) -> str:
        """For SQLAlchemy with asyncpg: `postgresql+asyncpg://...`."""
        access = Access(self.name, self.cluster.access.port, self._role, self._password, self._role)
        return access.url.replace("postgresql://", "postgresql+asyncpg://", 1)
