"""The seam: everything that one app in one environment stands on, as one frozen set of capabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from infra.cdn import Cdn
from infra.cdn.cloudflare import cloudflare_of
from infra.code_host import CodeHost
from infra.code_host.git import Git
from infra.code_review import CodeReview, PullRequests
from infra.code_review.github import GithubReview
from infra.code_review.github_pulls import GithubPulls
from infra.database import Database
from infra.database.local import LocalDatabase
from infra.database.supabase import SupabaseDatabase
from infra.edge import Edge
from infra.edge.caddy import CaddyEdge
from infra.edge.vercel_attack_mode import VercelAttackMode
from infra.environment import Environment
from infra.errors import BadInput
from infra.flags import Flags
from infra.flags.local import LocalFlags
from infra.hosting import Hosting
from infra.hosting.local import LocalHosting
from infra.hosting.vercel_project import VercelProject
from infra.incidents import Incidents
from infra.incidents.stored import StoredIncidents
from infra.local.edge import EdgeProxy
from infra.local.object_store import local_objects
from infra.notify import Notify
from infra.notify.of_environment import notify_of
from infra.objects import Objects
from infra.objects.configured import configured_objects
from infra.realtime import Realtime
from infra.shield import Shield
from infra.vendor_platform import vendor_platform


@dataclass(frozen=True)
class Platform:
    """What a release of one app in one environment talks to. Tests replace this and nothing else.

    `cdn` and `realtime` are None where there is nothing of the kind. `address_headers` go with every request to a
    deployment's own address, where the hosting protects these; they hold a secret.
    """

    environment: Environment
    app: str
    url: str
    code_host: CodeHost
    hosting: Hosting
    edge: Edge
    database: Database
    objects: Objects
    notify: Notify
    incidents: Incidents
    flags: Flags
    cdn: Cdn | None = None
    realtime: Realtime | None = None
    address_headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def connect(environment: Environment, app: str) -> Platform:
    """The capabilities of `app` in `environment`. Raises BadInput when the app is not one of the environment's."""
    if environment.app.name and environment.app.name != app:
        raise BadInput(
            "app",
            f"{app!r} is not what {environment.name} runs",
            f"{environment.name} releases {environment.app.name!r}; see [app] name in its environment file",
        )
    return _local(environment, app) if environment.kind == "local" else vendor_platform(environment, app)


def objects_of(environment: Environment) -> Objects:
    """The environment's object store, which needs no app."""
    return local_objects(environment) if environment.kind == "local" else configured_objects(environment)


def database_of(environment: Environment) -> Database:
    """The environment's database, which needs no app."""
    return LocalDatabase(environment) if environment.kind == "local" else SupabaseDatabase(environment)


def code_review_of(environment: Environment, secret: SecretStr) -> CodeReview | None:
    """Where people see the releases of an environment; None where nowhere. `secret` opens it."""
    return GithubReview(environment.github, secret) if environment.github else None


def pull_requests_of(environment: Environment, secret: SecretStr) -> PullRequests | None:
    """Where the pull requests of an environment's app are; None where nowhere. `secret` opens it."""
    return GithubPulls(environment.github, secret) if environment.github else None


def shield_of(environment: Environment) -> Shield | None:
    """What checks visitors while an environment is attacked: Cloudflare where it is in front, else Vercel."""
    if environment.cloudflare:
        return cloudflare_of(environment)
    return VercelAttackMode(VercelProject(environment.vercel)) if environment.vercel else None


def _local(environment: Environment, app: str) -> Platform:
    objects = objects_of(environment)
    port = EdgeProxy(environment).site(app)
    return Platform(
        environment=environment,
        app=app,
        url=f"http://127.0.0.1:{port}",
        code_host=Git(environment.state / "repositories"),
        hosting=LocalHosting(environment.state / "apps" / app),
        edge=CaddyEdge(environment, app),
        database=LocalDatabase(environment),
        objects=objects,
        notify=notify_of(environment),
        incidents=StoredIncidents(objects),
        flags=LocalFlags(environment.state / "flags" / f"{app}.json"),
    )
