"""What the platform looks like, read from the platform: the edge, the hosting, the database, the process table."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from deployments.chaos.app import APP, BASE_NUMBER
from deployments.chaos.strays import find_strays
from infra.database.connection import access_to, connected
from infra.edge import SLOTS
from infra.environment import Environment
from infra.local.platform import status_of
from infra.locks.of_environment import locks_of
from infra.platform import Platform, connect
from infra.schema.fingerprint import fingerprint_of, schema_lines


@dataclass(frozen=True)
class World:
    """`live` is a version, the deployments are ids. `filled` are revisions whose column holds data.

    `lock` names the holder, `log_slots` what holds the primary's log back, `strays` the processes that nobody owns,
    `unhealthy` the services that do not serve; all of them are empty in a quiet world.
    """

    live: str
    weight: int
    slots: tuple[str, ...]
    running: tuple[str, ...]
    revisions: tuple[str, ...]
    fingerprint: str
    filled: tuple[str, ...]
    incidents: tuple[str, ...]
    status: int
    lock: str = ""
    log_slots: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    unhealthy: tuple[str, ...] = ()


def look(environment: Environment) -> World:
    """The world as it is now. Raises what the parts raise when they do not answer."""
    platform = connect(environment, APP)
    route, schema = platform.edge.route(), _schema(platform)
    targets = [target for slot in SLOTS if (target := route.at(slot))]
    lock = locks_of(environment).read()
    return World(
        live=route.live_target.version if route.live_target else "",
        weight=route.weight,
        slots=tuple(sorted(target.deployment for target in targets)),
        running=tuple(sorted(found.id for found in platform.hosting.deployments() if found.is_running)),
        revisions=schema.revisions,
        fingerprint=schema.fingerprint,
        filled=schema.filled,
        incidents=tuple(sorted(incident.key for incident in platform.incidents.list())),
        status=_status(platform.url),
        lock=str(lock.holder) if lock else "",
        log_slots=_log_slots(platform),
        strays=tuple(find_strays(environment)),
        unhealthy=unhealthy(environment),
    )


def unhealthy(environment: Environment) -> tuple[str, ...]:
    """A line for each service that does not serve."""
    return tuple(f"{one.name}: {one.detail}" for one in status_of(environment) if one.state != "healthy")


def applied(platform: Platform) -> tuple[str, ...]:
    """The revisions that the database has, by the columns that they added."""
    lines = schema_lines(access_to(platform.database.url(APP)))
    columns = [name.rpartition("extra_")[2] for _, name, _ in lines if "extra_" in name]
    return tuple(sorted({BASE_NUMBER, *columns}))


@dataclass(frozen=True)
class _Schema:
    revisions: tuple[str, ...]
    fingerprint: str
    filled: tuple[str, ...]


def _schema(platform: Platform) -> _Schema:
    access, revisions = access_to(platform.database.url(APP)), applied(platform)
    filled = []
    with connected(access) as connection:
        heads = connection.execute("SELECT version_num FROM alembic_version ORDER BY 1").fetchall()
        for number in revisions[1:]:
            query = f"SELECT 1 FROM checkins WHERE extra_{number} IS NOT NULL LIMIT 1"  # noqa: S608 # our own number
            if connection.execute(query.encode()).fetchone():
                filled.append(number)
    # The schema, and what its own book says of it.
    fingerprint = f"{fingerprint_of(access)[:16]} with {', '.join(str(row[0]) for row in heads)} in its book"
    return _Schema(revisions, fingerprint, tuple(filled))


def _log_slots(platform: Platform) -> tuple[str, ...]:
    with connected(access_to(platform.database.url(APP))) as connection:
        rows = connection.execute("SELECT slot_name FROM pg_replication_slots WHERE slot_type = 'logical'").fetchall()
    return tuple(sorted(str(row[0]) for row in rows))


def _status(url: str) -> int:
    """What a visitor gets; 0 for no answer."""
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.TransportError:
        return 0
