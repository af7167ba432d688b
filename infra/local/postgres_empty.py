"""An empty cluster to restore a dump into and look at; it is gone afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from infra.commands import Say
from infra.environment import Environment
from infra.files import make_folder
from infra.local import Place
from infra.local.alone import alone
from infra.local.postgres_cluster import Cluster
from infra.local.postgres_settings import plain_settings, postgres_folder, superuser
from infra.ports import free_port

_FOLDER = "empty"


@contextmanager
def empty_cluster(environment: Environment, say: Say) -> Iterator[Cluster]:
    """A running one. What an earlier one left when it was killed goes first; one at a time for an environment."""
    home = make_folder(postgres_folder(environment))
    port = free_port()
    cluster = Cluster(
        Place(environment.state, f"postgres-{_FOLDER}"),
        home / _FOLDER,
        superuser(environment, f"postgres-{_FOLDER}", port),
        plain_settings(port),
    )
    with alone(home / f"{_FOLDER}.lock", "restoring a dump"):
        _remove(cluster, say)
        try:
            cluster.initialise(say)
            cluster.start(say)
            yield cluster
        finally:
            _remove(cluster, say)


def _remove(cluster: Cluster, say: Say) -> None:
    cluster.stop(say)
    if cluster.folder.exists():
        shutil.rmtree(cluster.folder)
    cluster.place.log.unlink(missing_ok=True)
