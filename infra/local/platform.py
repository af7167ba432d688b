"""The whole local platform: what to start in which order, what state it is in, and how to stop it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from infra.environment import Environment
from infra.errors import BadInput
from infra.files import make_folder
from infra.local import Say, Service, ServiceStatus
from infra.local.apps import HostedApps
from infra.local.edge import EdgeProxy
from infra.local.object_store import ObjectStore
from infra.local.postgres import ControlPostgres, Primary
from infra.local.postgres_standby import Standby
from infra.local.prefect import PrefectServer, PrefectWorker
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
            for done in [pool.submit(_up, chain, say) for chain in chains(environment)]:
                done.result()
        HostedApps(environment).up(say)
    return status_of(environment)


def take_down(environment: Environment, say: Say) -> None:
    """Stop everything, last started first; data stays."""
    _check_is_local(environment)
    make_folder(environment.state)
    with _alone(environment):
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
    """The apps last: they need the database, and the edge needs them."""
    return [*(service for chain in chains(environment) for service in chain), HostedApps(environment)]


def _check_is_local(environment: Environment) -> None:
    if environment.kind != "local":
        raise BadInput(
            "environment", f"{environment.name!r} is not embedded on this machine", "use a local environment"
        )


@contextmanager
def _alone(environment: Environment) -> Iterator[None]:
    """One `up` or `down` at a time; the lock goes with the process that holds it."""
    with (environment.state / "platform.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(
                "platform", "is being started or stopped by another process", "wait for it, then try again"
            ) from None
        yield
