"""The capabilities of an app in an environment at vendors: Vercel, Supabase, Cloudflare, and a bucket for records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from infra.cdn.cloudflare import cloudflare_of
from infra.code_host.git import Git
from infra.database.supabase import SupabaseDatabase
from infra.edge.vercel import VercelEdge
from infra.environment import Environment
from infra.environment.vendors import Vercel
from infra.errors import BadInput, Rejected
from infra.hosting.vercel import VercelHosting
from infra.hosting.vercel_project import VercelProject
from infra.incidents.stored import StoredIncidents
from infra.notify.of_environment import notify_of
from infra.objects.configured import configured_objects
from infra.realtime.supabase import supabase_realtime_of

if TYPE_CHECKING:
    from infra.platform import Platform

# Of the variables that every app gets, those that are no secret.
PLAIN = ("APP_VERSION", "APP_ENVIRONMENT")


class NoFlags:
    """For environments without a flag service: an app there can read none that we set."""

    def percentage(self, flag: str) -> int | None:
        """None: it does not exist."""
        return None

    def set(self, flag: str, percent: int, seconds: float | None = None) -> None:
        """Nothing for 0, which is how it is. Raises Rejected for more."""
        if not percent:
            return
        raise Rejected(
            f"flag {flag!r} cannot be set to {percent} %: this environment has no flag service",
            'ramp the traffic with canary.by = "traffic"',
        )

    def variables(self) -> Mapping[str, str]:
        """None."""
        return {}


def vendor_platform(environment: Environment, app: str) -> Platform:
    """Everything that `app` stands on. Asks no vendor anything yet.

    Raises BadInput naming what the environment's file or our own environment lacks.
    """
    from infra.platform import Platform

    settings = vercel_settings(environment)
    project = VercelProject(settings)
    objects = configured_objects(environment)
    return Platform(
        environment=environment,
        app=app,
        url=settings.url,
        code_host=Git(environment.state / "repositories"),
        hosting=VercelHosting(project, objects, app, plain=(*PLAIN, *environment.app.variables)),
        edge=VercelEdge(project, objects, app, environment.canary),
        database=SupabaseDatabase(environment),
        objects=objects,
        notify=notify_of(environment),
        incidents=StoredIncidents(objects),
        flags=NoFlags(),
        cdn=cloudflare_of(environment),
        realtime=supabase_realtime_of(environment),
        address_headers=project.headers,
    )


def vercel_settings(environment: Environment) -> Vercel:
    """The `[vercel]` table. Raises BadInput where there is none, and for what Vercel cannot do."""
    if environment.vercel is None:
        raise BadInput(
            f"{environment.name}.toml: vercel", "is missing: the app has no hosting", "add [vercel]; see example.toml"
        )
    if environment.canary.by == "flag":
        problem = 'is "flag", and there is no flag service here that the pipeline could turn up'
        raise BadInput(f"{environment.name}.toml: canary.by", problem, 'set it to "traffic"')
    if environment.watch.previous_percent:
        raise BadInput(
            f"{environment.name}.toml: watch.previous_percent",
            f"is {environment.watch.previous_percent}, and Vercel gives a version that was live no share back",
            "set it to 0: the watch judges the new version by the absolute limits",
        )
    if not environment.app.name:
        problem = "is empty, and one Vercel project serves one app"
        raise BadInput(f"{environment.name}.toml: app.name", problem, "name the app")
    return environment.vercel
