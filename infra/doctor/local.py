"""The local platform: its services, the ports that they need, and the disk."""

from __future__ import annotations

import shutil
from functools import partial

from infra.doctor import Check
from infra.environment import Environment
from infra.errors import BadInput, Rejected
from infra.local import Service
from infra.local.apps import HostedApps
from infra.local.platform import chains
from infra.local.postgres_binaries import pg_dump_version
from infra.ports import check_free

ROOM_BYTES = 1 << 30


def check_machine(environment: Environment) -> list[Check]:
    """What every environment needs of this machine."""
    return [
        Check("machine", "disk", partial(_has_room, environment)),
        Check("machine", "Postgres programs", _pg_dump),
    ]


def check_local(environment: Environment) -> list[Check]:
    """Each service of the platform: it runs and is healthy, or could be started."""
    if not environment.state.exists():
        return [Check("local platform", "services", _never_started)]
    services = [service for chain in chains(environment) for service in chain]
    return [
        Check("local platform", one.name, partial(_is_healthy, one)) for one in [*services, HostedApps(environment)]
    ]


def _pg_dump() -> str:
    return f"version {pg_dump_version()} of pg_dump and pg_restore"


def _is_healthy(service: Service) -> str:
    found = service.status()
    if found.state == "healthy":
        return f"healthy on port {found.port}" if found.port else "healthy"
    if found.state == "stopped":
        try:
            for port in service.ports:
                check_free(port)
        except BadInput as taken:
            raise Rejected(f"it is stopped, and its {taken.message}", taken.hint) from taken
    raise Rejected(f"it is {found.state}{f': {found.detail}' if found.detail else ''}", "run `pipeline up`")


def _never_started() -> str:
    raise Rejected("it was never started", "run `pipeline up`")


def _has_room(environment: Environment) -> str:
    # The folder itself may not be there yet, and looking makes nothing.
    place = next(folder for folder in (environment.state, *environment.state.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if free < ROOM_BYTES:
        raise Rejected(f"{free >> 20} MiB free at {environment.state}, under {ROOM_BYTES >> 20} MiB", "make room")
    return f"{free >> 20} MiB free at {environment.state}"
