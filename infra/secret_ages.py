"""When the secrets of an environment were written, where anybody can tell. Never what they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.environment import Environment
from infra.environment.blocks import PREFIX
from infra.environment.secret import secret_places
from infra.hosting.vercel_project import VercelProject
from infra.hosting.vercel_variables import VercelVariables
from infra.prefect_records import block_written
from infra.vendor_platform import vercel_settings


@dataclass(frozen=True)
class Secret:
    """Something secret by name; `written` is None where nobody can tell (else seconds since the epoch)."""

    name: str
    written: float | None = None


def secrets_of(environment: Environment) -> list[Secret]:
    """Variables and blocks that the environment's file names, variables at Vercel, the local platform's own file."""
    return [*_named(environment), *_at_vercel(environment), *_local(environment)]


def _named(environment: Environment) -> Iterator[Secret]:
    for _, place in secret_places(environment.model_dump()):
        kind, _, name = place.removeprefix(PREFIX).partition("/")
        is_block = place.startswith(PREFIX)
        yield Secret(place, block_written(environment.prefect_url, kind, name) if is_block else None)


def _at_vercel(environment: Environment) -> Iterator[Secret]:
    if environment.vercel is None:
        return
    for one in VercelVariables(VercelProject(vercel_settings(environment))).read():
        if one.type != "plain" and not one.git_branch:
            name = f"variable {one.key} at Vercel ({', '.join(sorted(one.targets))})"
            yield Secret(name, one.updated / 1000 if one.updated else None)


def _local(environment: Environment) -> Iterator[Secret]:
    credentials = environment.state / "credentials.json"
    if environment.kind == "local" and credentials.exists():
        yield Secret(f"the local platform's {credentials.name}", credentials.stat().st_mtime)
