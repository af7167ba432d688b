"""A cluster made from a backup, beside the real ones: it replays the log to a target and never archives anything."""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from infra import processes
from infra.commands import Say
from infra.database.archive import Archive
from infra.database.base_restore import fetch_log, unpack
from infra.database.connection import Access, connected, one
from infra.database.log_segments import numbered, position, segment_number
from infra.database.restore_plan import Plan
from infra.environment import Environment
from infra.errors import Rejected, Unknown, Unreachable
from infra.files import make_folder
from infra.local import Place
from infra.local.alone import alone
from infra.local.postgres_cluster import Cluster
from infra.local.postgres_settings import postgres_folder, protected_settings, superuser
from infra.ports import free_port

_LONGEST_REPLAY_SECONDS = 4 * 3600.0


@dataclass(frozen=True)
class Recovered:
    """A cluster that reached its target and takes writes, and what that took, in seconds."""

    cluster: Cluster
    fetch_seconds: float
    replay_seconds: float

    @property
    def access(self) -> Access:
        """The way in with all rights."""
        return self.cluster.access


def recover(
    environment: Environment, archive: Archive, plan: Plan, folder: Path, say: Say, *, takes_over: bool = False
) -> Recovered:
    """Fetch, check, replay and open a new cluster in `folder`; the caller stops it.

    One that takes over later keeps its own log for the archive; until then not a byte of it gets there.

    Raises Rejected when the disk has no room, anything is damaged, or Postgres ends before the target.
    """
    check_room(folder, plan)
    started = time.monotonic()
    log = folder.with_name(f"{folder.name}.log")
    unpack(archive, plan.backup, folder, say)
    fetch_log(archive, list(plan.segments), log, say)
    fetched = time.monotonic()
    cluster = _cluster(environment, archive, plan, folder, log, takes_over)
    (folder / "recovery.signal").touch()
    try:
        cluster.start(say)
        _wait_until_open(cluster, plan)
        _check_reached(cluster, plan)
    except BaseException:
        cluster.stop(say)
        raise
    shutil.rmtree(log)
    return Recovered(cluster, fetched - started, time.monotonic() - fetched)


@contextmanager
def scratch_cluster(environment: Environment, archive: Archive, plan: Plan, say: Say) -> Iterator[Recovered]:
    """One to look at, which is gone afterwards. What an earlier one left when it was killed goes first."""
    home = make_folder(postgres_folder(environment) / "scratch")
    with alone(home.with_name("scratch.lock"), "restoring into a scratch cluster"):
        _remove_remains(environment, home, say)
        try:
            recovered = recover(environment, archive, plan, home / plan.backup.id, say)
            yield recovered
        finally:
            _remove_remains(environment, home, say)


def check_room(folder: Path, plan: Plan) -> None:
    """Raises Rejected when the disk has less room than the restore takes."""
    free = shutil.disk_usage(make_folder(folder.parent)).free
    if free < plan.needed_bytes:
        raise Rejected(
            f"the disk at {folder.parent} has {free} bytes of room, the restore needs {plan.needed_bytes}",
            "make room or choose another disk",
        )


def _cluster(
    environment: Environment, archive: Archive, plan: Plan, folder: Path, log: Path, takes_over: bool
) -> Cluster:
    name = f"postgres-{folder.name}"
    port = free_port()
    access = replace(superuser(environment, name, port), name=name)
    quiet = {"archive_command": "false", "archive_mode": "on" if takes_over else "off", "summarize_wal": "off"}
    target = {
        "restore_command": f"cp {shlex.quote(str(log)).replace('%', '%%')}/%f %p",
        "recovery_target_timeline": str(plan.timeline),
        "recovery_target_action": "promote",
    }
    return Cluster(
        Place(environment.state, name),
        folder,
        access,
        protected_settings(port, archive) | quiet | target | plan.settings,
    )


def _wait_until_open(cluster: Cluster, plan: Plan) -> None:
    deadline = time.monotonic() + _LONGEST_REPLAY_SECONDS
    while time.monotonic() < deadline:
        if cluster.daemon is None:
            raise _failure(cluster, plan)
        try:
            with connected(cluster.access) as connection:
                if one(connection, "SELECT pg_is_in_recovery()")[0] is False:
                    return
        except (Unreachable, Unknown):  # it ended just now, which the next look tells
            pass
        time.sleep(0.1)
    raise Unknown(f"the replay to {plan.target} did not end within {_LONGEST_REPLAY_SECONDS:g} s", "see its log")


def _check_reached(cluster: Cluster, plan: Plan) -> None:
    """A replay without a target ends wherever the log seems to end: it has to be the segment that we know as last."""
    with connected(cluster.access) as connection:
        reached = position(str(one(connection, "SELECT pg_current_wal_lsn()::text")[0]))
    last = numbered(plan.segments[-1])[1]
    if not plan.settings and segment_number(reached) < last:
        raise Rejected(f"the replay stopped in segment {segment_number(reached)}, before the last one, {last}")


def _failure(cluster: Cluster, plan: Plan) -> Rejected:
    words = processes.last_words(cluster.place.log)
    return Rejected(
        f"the restore to {plan.target} ended before it: {words}",
        "the log does not reach the target: choose an earlier one, or --to-latest",
    )


def _remove_remains(environment: Environment, home: Path, say: Say) -> None:
    for left in home.iterdir():
        place = Place(environment.state, f"postgres-{left.name}")
        Cluster(place, left, Access(place.name, 0, "", "")).stop(say)
        shutil.rmtree(left)
        place.log.unlink(missing_ok=True)
