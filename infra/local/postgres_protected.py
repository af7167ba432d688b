"""What primary and standby have in common: one kind of cluster, since either may become the other."""

from __future__ import annotations

from infra.environment import Environment
from infra.local import Place, Say
from infra.local.postgres_cluster import Cluster
from infra.local.postgres_settings import archive_of, postgres_folder, protected_settings, superuser


class ProtectedPostgres:
    """A service over the cluster in `folder`, replicated and archived; a subclass gives `name`, `up` and `status`."""

    name = ""

    def __init__(self, environment: Environment, folder: str, port: int) -> None:
        self._environment = environment
        self.ports: tuple[int, ...] = (port,)
        self._bare = Cluster(
            Place(environment.state, self.name),
            postgres_folder(environment) / folder,
            superuser(environment, self.name, port),
        )

    @property
    def cluster(self) -> Cluster:
        """The cluster with its settings. Raises Rejected before there is a primary to be identified by."""
        archive = archive_of(self._environment)
        settings = protected_settings(self._bare.access.port, archive)
        return Cluster(self._bare.place, self._bare.folder, self._bare.access, settings, archive.variables)

    def is_up(self) -> bool:
        """Whether its postmaster runs."""
        return self._bare.daemon is not None

    def down(self, say: Say) -> None:
        """Stop it; data stays."""
        self._bare.stop(say)
