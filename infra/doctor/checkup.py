"""All checks of one environment, in the order in which a person would set it up."""

from __future__ import annotations

from infra.doctor import Check
from infra.doctor.cloudflare import check_cloudflare
from infra.doctor.github import check_github
from infra.doctor.local import check_local, check_machine
from infra.doctor.prefect import check_prefect
from infra.doctor.storage import check_proving_ground, check_storage
from infra.doctor.supabase import check_supabase
from infra.doctor.variables import check_variables
from infra.doctor.vercel import check_vercel
from infra.environment import Environment


def checkup(environment: Environment) -> list[Check]:
    """Nothing is asked before a check is."""
    here = [*check_variables(environment), *check_machine(environment), *check_prefect(environment)]
    if environment.kind == "local":
        return [*here, *check_local(environment), *check_proving_ground(environment), *check_github(environment)]
    return [
        *here,
        *check_storage(environment),
        *check_proving_ground(environment),
        *check_supabase(environment),
        *check_vercel(environment),
        *check_cloudflare(environment),
        *check_github(environment),
    ]
