"""The gates that only some environments have: what is in front of the app, beside it, and before it."""

from __future__ import annotations

from infra.cdn.certificates import read_certificate, resolve
from infra.environment import load_environment
from infra.health.supabase import ask_functions
from infra.platform import objects_of
from tasks.gates import Gate
from tasks.gates.certificates import check_certificates
from tasks.gates.dns import check_dns
from tasks.gates.proven import check_proven_release
from tasks.gates.realtime import check_functions, check_realtime
from tasks.records import list_records
from tasks.release import Release
from tasks.schema import check_known, schema_of
from tasks.schema.proof import check_proven, proving_ground


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
    where = proving_ground(release.settings)
    return {f"proven in {where}": lambda: _check_proven(release, where)} if where else {}


def _check_proven(release: Release, where: str) -> str:
    """The same commit, and each of its revisions that this environment does not have yet."""
    records = list_records(objects_of(load_environment(where)), release.app)
    fact = check_proven_release(records, release.app, release.version, where)
    schema = schema_of(release, release.platform.database.ensure(release.app))
    if schema is None:
        return f"{fact}; it has no migrations"
    return f"{fact}; {check_proven(release, check_known(schema, 'expand'))}"
