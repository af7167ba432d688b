"""The doctor against twins of all vendors and a real Postgres: all well, and each thing that is missing by its name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from data_platform_parts import DataPlatform
from supabase_place import Project
from vendor_data import VARIABLES, vendor_environment

from deployments.twins.cloudflare import CloudflareTwin
from deployments.twins.supabase_project import SupabaseProjectTwin
from deployments.twins.vercel import VercelTwin
from deployments.twins.vercel_sites import Site
from deployments.twins.vercel_state import Build, Deployed
from deployments.twins.wire import Reply
from infra.cdn.certificates import Certificate
from infra.database.connection import connected
from infra.doctor import Check, Finding, examine
from infra.doctor.checkup import checkup
from infra.doctor.cloudflare import check_cloudflare
from infra.doctor.local import check_local, check_machine
from infra.doctor.supabase import check_supabase
from infra.doctor.variables import check_variables
from infra.doctor.vercel import check_vercel
from infra.environment import Environment
from infra.errors import Unreachable
from infra.local.credentials import local_credentials
from infra.local.object_store import BACKUP_BUCKET, BUCKET, endpoint
from infra.local.postgres_settings import superuser


@dataclass
class Place:
    """An environment with everything that it needs, and the twins to break it by."""

    environment: Environment
    project: Project
    serving: SupabaseProjectTwin
    cloudflare: CloudflareTwin
    vercel: VercelTwin
    local: Environment

    def find(self, checks: list[Check], what: str) -> Finding:
        """How the check called `what` ends."""
        return next(found for found in examine(checks) if found.what == what)


@pytest.fixture
def place(project: Project, data_platform: DataPlatform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    def shown(domain: str) -> Certificate:
        return Certificate(domain, "Test CA", 4e9)

    # Certificates and names have tests of their own, on real TLS.
    monkeypatch.setattr("infra.doctor.cloudflare.read_certificate", shown)
    monkeypatch.setattr("infra.doctor.cloudflare.resolve", lambda _domain: ["192.0.2.1"])
    for name in ("T_VERCEL_TOKEN", "T_VERCEL_BYPASS"):
        monkeypatch.setenv(name, VARIABLES[name])
    with SupabaseProjectTwin() as serving, CloudflareTwin() as cloudflare, VercelTwin() as vercel:
        serving.functions["send-invoice"] = 401
        cloudflare.state.add_record("app.securyflex.example", "CNAME", "cname.vercel-dns.com")
        local = data_platform.environment
        environment = vendor_environment(
            project.environment.state,
            supabase=project.twin,
            project=serving,
            cloudflare=cloudflare,
            vercel=vercel,
            store=endpoint(local),
            buckets=(BUCKET, BACKUP_BUCKET),
            prefect_api="http://127.0.0.1:1/api",
        )
        yield Place(environment, project, serving, cloudflare, vercel, local)


def test_all_that_can_be_well_is_well_and_nothing_was_changed(place: Place) -> None:
    found = examine(checkup(place.environment))
    ill = {one.what: one.fact for one in found if one.state != "well"}
    assert set(ill) == {"API", "flows", "worker"}, "nobody started Prefect"
    (domain,) = (one.fact for one in found if one.what == "domain")
    assert "nothing was released yet" in domain
    assert {one.part for one in found} == {
        "variables", "machine", "prefect", "object store", "supabase", "vercel", "cloudflare", "github",
    }  # fmt: skip
    for twin in (place.project.twin, place.cloudflare, place.vercel):
        assert {entry.request.method for entry in twin.log} == {"GET"}
    assert place.project.recovery.backups() == []


def test_no_secret_is_in_any_finding(place: Place) -> None:
    text = json.dumps([vars(one) for one in examine(checkup(place.environment))])
    keys = local_credentials(place.project.environment.state)
    for secret in (*VARIABLES.values(), "planted-database-pw", keys.backup_key):
        assert secret not in text


def spoil_project(place: Place) -> None:
    place.project.twin.state.status = "INACTIVE"


def spoil_service(place: Place) -> None:
    place.project.twin.state.sick = {"realtime"}


def spoil_disk(place: Place) -> None:
    place.project.twin.state.is_read_only = True


def spoil_pitr(place: Place) -> None:
    place.project.twin.state.has_pitr = False


def spoil_realtime(place: Place) -> None:
    place.serving.mood = "refusing"


def spoil_function(place: Place) -> None:
    place.serving.functions.clear()


def spoil_key(place: Place) -> None:
    place.serving.key = "another"


def spoil_role(place: Place) -> None:
    local = place.local
    with connected(superuser(local, "postgres-primary", local.platform.postgres_port)) as connection:
        connection.execute("ALTER ROLE supabase_postgres NOCREATEDB")


@pytest.mark.parametrize(
    ("spoil", "what", "fact", "fix"),
    [
        (spoil_project, "token and project", "is INACTIVE", "resume"),
        (spoil_service, "services", "realtime is UNHEALTHY connection refused", "status.supabase.com"),
        (spoil_disk, "writes", "the project is read-only", "make room"),
        (spoil_pitr, "backups", "no PITR", "add-on Point in Time Recovery"),
        (spoil_realtime, "realtime", "the subscription was refused", "logs"),
        (spoil_function, "functions", "send-invoice at .* answered 404", "deploy it"),
        (spoil_key, "REST API", "answered 401", "publishable_key"),
        (spoil_role, "role", "lacks CREATEDB", "connect as postgres"),
    ],
)
def test_what_is_missing_at_supabase_is_named_with_its_fix(
    place: Place, spoil: Callable[[Place], None], what: str, fact: str, fix: str
) -> None:
    spoil(place)
    found = place.find(check_supabase(place.environment), what)
    assert found.state == "missing"
    assert re.search(fact, found.fact)
    assert fix in found.fix


def test_the_transaction_pooler_is_found(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_DATABASE_URL", "postgresql://postgres:pw-of-the-pooler@127.0.0.1:6543/postgres")
    found = place.find(check_supabase(place.environment), "connection")
    assert (found.state, "5432" in found.fix) == ("missing", True)
    assert "pw-of-the-pooler" not in found.fact


def test_a_variable_that_is_not_set_is_named_with_its_place_in_the_file(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("T_CLOUDFLARE_TOKEN")
    found = place.find(check_variables(place.environment), "T_CLOUDFLARE_TOKEN")
    assert (found.state, found.fix) == ("missing", "export T_CLOUDFLARE_TOKEN")
    assert found.fact.startswith("cloudflare.token: ")


@pytest.mark.parametrize(
    ("spoil", "what", "fact"),
    [
        (lambda state: setattr(state, "token_status", "expired"), "token", "the token is expired"),
        (lambda state: setattr(state, "status", "pending"), "zone", "is not active"),
        (lambda state: setattr(state, "is_paused", True), "zone", "is paused"),
        (lambda state: state.records.clear(), "DNS of app.securyflex.example", "has no record"),
        (
            lambda state: state.records[0].update(proxied=False),
            "DNS of app.securyflex.example",
            "leads past Cloudflare",
        ),
    ],
)
def test_what_is_missing_at_cloudflare_is_named(
    place: Place, spoil: Callable[[object], object], what: str, fact: str
) -> None:
    spoil(place.cloudflare.state)
    found = place.find(check_cloudflare(place.environment), what)
    assert found.state == "missing"
    assert fact in found.fact
    assert found.fix


def test_a_domain_that_leads_nowhere_once_there_were_releases_is_a_fault(place: Place) -> None:
    site = Site(lambda _request: Reply(200))
    old = Deployed("dpl_1", "app", "production", {"pipelineDeployment": "v1"}, False, site, Build(seconds=0))
    place.vercel.production.deployments[old.id] = old
    found = place.find(check_vercel(place.environment), "domain")
    site.close()
    assert (found.state, found.fix) == ("missing", "add the domain to the project")


def test_a_vendor_who_is_silent_is_told_apart_from_one_who_says_no(place: Place) -> None:
    place.vercel.moods.set("getProject", "forbidden", times=-1)
    assert place.find(check_vercel(place.environment), "token and project").state == "missing"
    place.vercel.moods.set("getProject", "failing", times=-1)
    assert place.find(check_vercel(place.environment), "token and project").state == "silent"


def test_a_stopped_local_platform_is_told_service_by_service(data_platform: DataPlatform) -> None:
    found = {one.what: one for one in examine(check_local(data_platform.environment))}
    assert found["object-store"].state == "well"
    assert found["prefect-server"].state == "missing"
    assert found["prefect-server"].fix == "run `pipeline up`"
    assert {one.state for one in examine(check_machine(data_platform.environment))} == {"well"}


def test_one_check_that_fails_hides_no_other() -> None:
    def silent() -> str:
        raise Unreachable("nobody", "knock")

    found = examine([Check("a", "b", silent), Check("a", "c", lambda: "fine")])
    assert [(one.state, one.fact, one.fix) for one in found] == [("silent", "nobody", "knock"), ("well", "fine", "")]
