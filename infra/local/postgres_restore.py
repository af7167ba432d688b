"""Brings the whole cluster back to a target: built beside, then put in the primary's place; nothing is destroyed."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from infra.commands import Say
from infra.database.archive import Archive
from infra.database.markers import close_segment, write_marker
from infra.database.restore_plan import plan_restore
from infra.database.targets import Target
from infra.environment import Environment
from infra.errors import Unreachable
from infra.local import Place
from infra.local.alone import alone
from infra.local.postgres import Primary
from infra.local.postgres_cluster import Cluster
from infra.local.postgres_scratch import recover
from infra.local.postgres_settings import postgres_folder, superuser
from infra.local.postgres_takeover import Takeover, take_over

_PREFIX = "primary.restored-"


@dataclass(frozen=True)
class Restored:
    """How a restore ended. `kept` is the folder in which the replaced cluster lies. Seconds: until it took writes."""

    target: str
    backup: str
    timeline: int
    kept: str
    seconds: float
    closed_seconds: float


def restore_cluster(environment: Environment, archive: Archive, target: Target, say: Say) -> Restored:
    """Raises Rejected before the old cluster is touched when the target cannot be reached.

    Killed before the takeover, it has only left a folder, which the next run removes; after, the next run completes.
    """
    started = time.monotonic()
    home = postgres_folder(environment)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    with alone(home / "restore.lock", "restoring this cluster"):
        _remove_remains(environment, home, say)
        archive_all(environment, archive, say)
        plan = plan_restore(archive, target)
        folder = home / f"{_PREFIX}{stamp}"
        recovered = recover(environment, archive, plan, folder, say, takes_over=True)
        recovered.cluster.stop(say)
        kept = f"primary.damaged-{stamp}"
        with alone(environment.state / "platform.lock", "starting or stopping the platform"):
            before = time.monotonic() - started
            closed = take_over(environment, Takeover(folder.name, kept), say)
    return Restored(str(target), plan.backup.id, plan.timeline, kept, before + closed, closed)


def archive_all(environment: Environment, archive: Archive, say: Say) -> None:
    """What a living primary has committed so far is archived first: a restore may go anywhere, also further on."""
    primary = superuser(environment, Primary.name, environment.platform.postgres_port)
    name = f"archived-{time.time_ns()}"
    try:
        write_marker(primary, name)
        say(f"the log is archived up to now, {close_segment(primary, archive, name):.1f} s")
    except Unreachable as silence:
        say(f"{silence.message}: going by what is archived")


def _remove_remains(environment: Environment, home: Path, say: Say) -> None:
    for left in home.glob(f"{_PREFIX}*"):
        say(f"removing {left.name}, which a run that was killed left behind")
        place = Place(environment.state, f"postgres-{left.name}")
        Cluster(place, left, superuser(environment, place.name, 0)).stop(say)
        shutil.rmtree(left)
