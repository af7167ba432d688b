"""The gates that only some environments have: what is in front of the app, beside it, and before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra.cdn.certificates import read_certificate, resolve
from infra.environment import load_environment
from infra.errors import PipelineError
from infra.health.supabase import ask_functions
from infra.platform import objects_of
from tasks.gates import Gate
from tasks.gates.certificates import check_certificates
from tasks.gates.dns import check_dns
from tasks.gates.proven import check_proven_release
from tasks.gates.realtime import check_functions, check_realtime
from tasks.outcomes import GateClosed
from tasks.patience import patiently
from tasks.records import list_records
from tasks.release import Release
from tasks.schema import check_known, schema_of
from tasks.schema.proof import check_proven

PATIENCE_SECONDS = 20.0


def outside_gates(release: Release) -> dict[str, Gate]:
    """Each gate by its name: none of them on a local platform that stands alone."""
    return {**_in_front(release), **_beside(release), **_before(release)}


def _in_front(release: Release) -> dict[str, Gate]:
    cdn, settings = release.platform.cdn, release.settings.cloudflare
    if cdn is None or settings is None:
        return {}
    return {
        "dns": lambda: check_dns(cdn.zone(), cdn.records(), settings.domains, resolve),
        "certificates": lambda: check_certificates(settings.domains, settings.certificate_min_days, read_certificate),
    }


def _beside(release: Release) -> dict[str, Gate]:
    found: dict[str, Gate] = {}
    settings = release.settings
    if realtime := release.platform.realtime:
        found["realtime"] = lambda: check_realtime(realtime, settings.canary.slow_ms)
    if settings.supabase and settings.supabase.functions:
        found["functions"] = lambda: check_functions(lambda: ask_functions(settings))
    return found


def _before(release: Release) -> dict[str, Gate]:
    where = release.settings.proving_ground
    return {f"proven in {where}": lambda: _check_proven(release, where)} if where else {}


def _check_proven(release: Release, where: str) -> str:
    """The same commit, and each of its revisions that this environment does not have yet."""
    with _readable(where):
        objects = objects_of(load_environment(where))
        records = patiently(lambda: list_records(objects, release.app), PATIENCE_SECONDS)
    fact = check_proven_release(records, release.app, release.version, where)
    schema = schema_of(release, release.platform.database.ensure(release.app))
    if schema is None:
        return f"{fact}; it has no migrations"
    written = check_known(schema, "expand")
    with _readable(where):
        return f"{fact}; {patiently(lambda: check_proven(release, written), PATIENCE_SECONDS)}"


@contextmanager
def _readable(where: str) -> Iterator[None]:
    """What another environment's keys do not open closes this gate, and keeps no other from being told."""
    try:
        yield
    except GateClosed:
        raise
    except PipelineError as error:
        message = f"proven: the records of {where} cannot be read here: {error.message}"
        fix = f"{error.hint}; `pipeline doctor` here looks at it" if error.hint else "see `pipeline doctor` here"
        raise GateClosed(f"{message} ({fix})", fix) from error
