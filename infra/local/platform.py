"""The whole local platform: what to start in which order, what state it is in, and how to stop it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from infra.environment import Environment
from infra.errors import BadInput
from infra.files import make_folder
from infra.local import Say, Service, ServiceStatus
from infra.local.alone import alone
from infra.local.apps import HostedApps
from infra.local.edge import EdgeProxy
from infra.local.guard import Guard, platform_lock
from infra.local.object_store import ObjectStore
from infra.local.postgres import ControlPostgres, Primary
from infra.local.postgres_standby import Standby
from infra.local.prefect import PrefectServer, PrefectWorker
from infra.orphans import end_orphans
from infra.ports import check_free


def chains(environment: Environment) -> tuple[Sequence[Service], ...]:
    """Services that need each other, in order; the chains need nothing of one another."""
    return (
        (ObjectStore(environment), Primary(environment), Standby(environment)),
        (ControlPostgres(environment), PrefectServer(environment), PrefectWorker(environment)),
        (EdgeProxy(environment),),
    )


def bring_up(environment: Environment, say: Say) -> list[ServiceStatus]:
    """Start what does not run and wait until all of it is healthy; harmless when it is.

    Raises BadInput before anything is started when the folder is not writable or a port is taken.
    """
    _check_is_local(environment)
    make_folder(environment.state)
    with _alone(environment):
        for service in _all(environment):
            if not service.is_up():
                for port in service.ports:
                    check_free(port)
        with ThreadPoolExecutor() as pool:
            # The guard is started with the others, which hides its cost, and acts when we have let go of the lock.
            for done in [pool.submit(_up, chain, say) for chain in (*chains(environment), (Guard(environment),))]:
                done.result()
        HostedApps(environment).up(say)
    return status_of(environment)


def take_down(environment: Environment, say: Say) -> None:
    """Stop everything, the guard first and the others last started first; data stays."""
    _check_is_local(environment)
    make_folder(environment.state)

    def end_guard() -> None:
        Guard(environment).down(say)
        end_orphans(say)

    # Before what it mends is waited for: nobody needs that any more.
    with _alone(environment, on_entry=end_guard):
        for service in reversed(_all(environment)):
            service.down(say)


def status_of(environment: Environment) -> list[ServiceStatus]:
    """Each service as it is now."""
    _check_is_local(environment)
    return [service.status() for service in _all(environment)]


def _up(chain: Sequence[Service], say: Say) -> None:
    for service in chain:
        service.up(say)


def _all(environment: Environment) -> list[Service]:
    """The apps after the rest, since they need the database; the guard last, since it guards them all."""
    started = (service for chain in chains(environment) for service in chain)
    return [*started, HostedApps(environment), Guard(environment)]


def _check_is_local(environment: Environment) -> None:
    if environment.kind != "local":
        raise BadInput(
            "environment", f"{environment.name!r} is not embedded on this machine", "use a local environment"
        )


def _alone(environment: Environment, *, on_entry: Callable[[], None] | None = None) -> AbstractContextManager[None]:
    """One `up` or `down` at a time, and nothing that the guard does meanwhile."""
    return alone(platform_lock(environment), "starting or stopping the platform", on_entry=on_entry)
