"""What is asked of Supabase and Cloudflare in the mood matrix, and a tour through every call with every answer."""

from __future__ import annotations

import os
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deployments.bench.vendors_moods import TIMEOUT_SECONDS, Action, Ground
from deployments.twins.cloudflare import ZONE, CloudflareTwin
from deployments.twins.supabase import SupabaseTwin
from infra.cdn.cloudflare import CloudflareCdn
from infra.database.supabase_api import SupabaseApi
from infra.environment import Cloudflare, Environment, Supabase
from infra.errors import Rejected
from infra.http import Patience
from infra.shield import UNDER_ATTACK

IMPATIENT = Patience(tries=2, seconds=1, first_pause_seconds=0.01)
SUPABASE_TOKEN = "PIPELINE_TWIN_SUPABASE_TOKEN"
CLOUDFLARE_TOKEN = "PIPELINE_TWIN_CLOUDFLARE_TOKEN"
RESTORE_SECONDS = 0.3
BRANCH = "preview-7"
RANGE = "192.0.2.0/24"
AN_HOUR = 3600


@dataclass
class SupabasePlace:
    """One project at its twin. `second` is one that it can be returned to."""

    twin: SupabaseTwin
    api: SupabaseApi
    second: int


@dataclass
class CloudflarePlace:
    """One zone at its twin."""

    twin: CloudflareTwin
    cdn: CloudflareCdn


def quiet(_line: str) -> None:
    """Nobody reads it."""


def supabase_ground() -> Ground[SupabasePlace]:
    """Twins whose restores take a look or two."""

    second = int(time.time()) - AN_HOUR

    @contextmanager
    def open_place() -> Iterator[SupabasePlace]:
        with SupabaseTwin() as twin:
            yield SupabasePlace(twin, _api(twin), second)

    return Ground(
        "supabase",
        open_place,
        lambda place: place.twin,
        lambda place: SupabasePlace(place.twin, _api(place.twin), place.second),
    )


def cloudflare_ground() -> Ground[CloudflarePlace]:
    """Twins of a zone with one record."""

    @contextmanager
    def open_place() -> Iterator[CloudflarePlace]:
        with CloudflareTwin() as twin:
            twin.state.add_record("app.securyflex.example", "CNAME", "cname.vercel-dns.com")
            yield CloudflarePlace(twin, _cdn(twin))

    return Ground(
        "cloudflare", open_place, lambda place: place.twin, lambda place: CloudflarePlace(place.twin, _cdn(place.twin))
    )


def _api(twin: SupabaseTwin) -> SupabaseApi:
    os.environ[SUPABASE_TOKEN] = twin.token
    settings = Supabase(
        project=twin.state.ref,
        token=f"env:{SUPABASE_TOKEN}",
        database_url=f"env:{SUPABASE_TOKEN}",
        api=twin.url,
        restore_timeout_seconds=RESTORE_SECONDS,
        poll_seconds=0.01,
    )
    environment = Environment(name="staging", kind="staging", state_folder=str(Path.cwd()), supabase=settings)
    return SupabaseApi(environment, IMPATIENT, TIMEOUT_SECONDS)


def _cdn(twin: CloudflareTwin) -> CloudflareCdn:
    os.environ[CLOUDFLARE_TOKEN] = twin.token
    token = f"env:{CLOUDFLARE_TOKEN}"
    settings = Cloudflare(zone=ZONE, token=token, api=twin.url, domains=("app.securyflex.example",))
    return CloudflareCdn(settings, IMPATIENT, TIMEOUT_SECONDS)


def _restored(place: SupabasePlace) -> Hashable:
    """To where it was restored, once that is over."""
    while place.twin.state.look() != "ACTIVE_HEALTHY":
        pass
    return tuple(sorted(set(place.twin.state.restores)))


def _branches(place: SupabasePlace) -> Hashable:
    return tuple(branch.name for branch in place.api.branches())


def _drop_branch(place: SupabasePlace) -> None:
    found = place.api.find_branch(BRANCH)
    if found:
        place.api.drop_branch(found)


def _read_project(place: SupabasePlace) -> None:
    api = place.api
    for ask in (api.project, api.services, api.addons, api.poolers, api.keys, api.backups, api.read_only):
        ask()
    api.restrictions()


def _read_zone(place: CloudflarePlace) -> None:
    for ask in (place.cdn.token, place.cdn.zone, place.cdn.records, place.cdn.security_level):
        ask()


def _nothing(_place: object) -> None:
    """Nothing has to be there."""


SUPABASE_ACTIONS: tuple[Action[SupabasePlace], ...] = (
    Action("look at the project", _nothing, _read_project, lambda place: place.api.project().status),
    Action("restore", _nothing, lambda place: place.api.restore_to(place.second, quiet), _restored),
    Action(
        "let writes in",
        _nothing,
        lambda place: place.api.allow_writes(),
        lambda place: place.api.read_only().override,
    ),
    Action(
        "let a range in",
        _nothing,
        lambda place: place.api.restrict(add=[RANGE]),
        lambda place: tuple(place.api.restrictions().config.v4),
    ),
    Action("make a branch", _nothing, lambda place: place.api.ensure_branch(BRANCH, "feature/seven"), _branches),
    Action(
        "reach a branch",
        lambda place: place.twin.state.add_branch(BRANCH, "feature/seven"),
        lambda place: [place.api.branch_access(branch) for branch in place.api.branches()],
        _branches,
    ),
    Action(
        "drop a branch", lambda place: place.twin.state.add_branch(BRANCH, "feature/seven"), _drop_branch, _branches
    ),
)
CLOUDFLARE_ACTIONS: tuple[Action[CloudflarePlace], ...] = (
    Action("look at the zone", _nothing, _read_zone, lambda place: place.cdn.security_level()),
    Action(
        "purge tags",
        _nothing,
        lambda place: place.cdn.purge(tags=["app"]),
        lambda place: tuple(sorted({str(purge) for purge in place.twin.state.purges})),
    ),
    Action(
        "purge everything",
        _nothing,
        lambda place: place.cdn.purge(),
        lambda place: tuple(sorted({str(purge) for purge in place.twin.state.purges})),
    ),
    Action(
        "raise the shield",
        _nothing,
        lambda place: place.cdn.set_security_level(UNDER_ATTACK),
        lambda place: place.cdn.security_level(),
    ),
)


def tour_supabase(place: SupabasePlace) -> None:
    """Every call, with PITR and branches and without."""
    for action in SUPABASE_ACTIONS:
        action.act(place)
    place.twin.state.has_pitr = place.twin.state.has_branching = place.twin.state.has_restrictions = False
    _read_project(place)
    with suppress(Rejected):
        place.api.ensure_branch("preview-8", "feature/eight")
    with suppress(Rejected):
        place.api.restrict(add=[RANGE])


def tour_cloudflare(place: CloudflarePlace) -> None:
    """Every call, with each kind of purge."""
    for action in CLOUDFLARE_ACTIONS:
        action.act(place)
    place.cdn.purge(urls=["https://app.securyflex.example/"])
