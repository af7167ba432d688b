"""Secrets stay where they belong: planted in every field, they are found at their own vendor and nowhere else.

Looked through: every log line, every error with its traceback, what flows leave in Prefect's database, in its result
storage and in the state folder, the pipeline's own records, and what each vendor's twin was sent.
"""

from __future__ import annotations

import logging
import pickle
import secrets
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from data_platform_parts import DataPlatform
from planted import leaks, lines_of
from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_HOME, PREFECT_SERVER_DATABASE_CONNECTION_URL, temporary_settings
from prefect.testing.utilities import prefect_test_harness
from pydantic import SecretStr
from supabase_place import Project
from vendor_data import CLOUDFLARE_ACTS, QUICK, SUPABASE_ACTS, as_toml, vendor_environment

from deployments.bench.vendors_github import CHECK, COMMENT, app_settings
from deployments.twins.cloudflare import CloudflareTwin
from deployments.twins.github import GithubTwin
from deployments.twins.github_state import REPOSITORY
from deployments.twins.moods import FOREVER, KINDS
from deployments.twins.server import Twin
from deployments.twins.supabase_project import SupabaseProjectTwin
from deployments.twins.vercel import VercelTwin
from flows.backup import backup
from flows.under_attack import under_attack
from infra.cdn.cloudflare import CloudflareCdn
from infra.code_review.github import GithubReview
from infra.database.connection import connected
from infra.database.supabase import SupabaseDatabase
from infra.database.supabase_access import direct_access
from infra.database.supabase_api import SupabaseApi
from infra.doctor import examine
from infra.doctor.checkup import checkup
from infra.environment import Environment, Github, load_environment
from infra.errors import PipelineError
from infra.health.supabase import ask_functions, ask_rest
from infra.hosting.vercel_project import VercelProject
from infra.hosting.vercel_variables import VercelVariables
from infra.local.credentials import local_credentials
from infra.local.object_store import BACKUP_BUCKET, BUCKET, endpoint
from infra.objects.configured import configured_objects
from infra.realtime.supabase import supabase_realtime_of

OWNERS = ("supabase", "project", "cloudflare", "vercel")


@dataclass
class World:
    """Everything at once. `planted` are the secrets by the variable that holds them; `said` is all that was told."""

    environment: Environment
    project: Project
    serving: SupabaseProjectTwin
    cloudflare: CloudflareTwin
    vercel: VercelTwin
    github: GithubTwin
    planted: dict[str, str]
    said: list[str] = field(default_factory=list)

    def hear(self, act: Callable[[], object]) -> None:
        """Do it; keep its error in every form in which errors travel."""
        try:
            act()
        except PipelineError as error:
            self.said += [*traceback.format_exception(error), repr(error), error.hint, repr(vars(error))]
            self.said.append(pickle.dumps(error).decode("latin-1"))

    def leaks(self, text: str, allowed: tuple[str, ...] = ()) -> set[str]:
        """The names of the secrets that are in a text, in any form in which they could be."""
        planted = {**self.planted, **self.tokens}
        return leaks({name: value for name, value in planted.items() if name not in allowed}, text)

    @property
    def tokens(self) -> dict[str, str]:
        """What GitHub gave its App so far."""
        return {f"token {number} of the App": one for number, one in enumerate(self.github.state.tokens, 1)}

    @property
    def twins(self) -> tuple[Twin, ...]:
        """Those with moods."""
        return (self.project.twin, self.cloudflare, self.vercel, self.github)


class Ear(logging.Handler):
    """Keeps every line, formatted with its traceback."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(self.format(record))


@pytest.fixture
def world(
    project: Project, data_platform: DataPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    mark = secrets.token_hex(8)
    store = local_credentials(data_platform.environment.state)
    password = project.access.password
    variables = {
        "T_SUPABASE_TOKEN": f"sbp_{mark}aaaaaaaaaaaaaaaaaaaaaaaa",
        "T_PUBLISHABLE_KEY": f"sb_publishable_{mark}",
        "T_CLOUDFLARE_TOKEN": f"cloudflare-{mark}",
        "T_VERCEL_TOKEN": f"vercel-{mark}",
        "T_VERCEL_BYPASS": f"bypass-{mark}-0123456789abcdef",
        "T_S3_KEY": store.object_store_key,
        "T_S3_SECRET": store.object_store_secret,
        "T_BACKUP_KEY": f"backup-key-{mark}-with-enough-characters",
        "T_APP_KEY": f"app-{mark}",
        "T_GITHUB_TOKEN": f"ghp_{mark}bbbbbbbb",
        "T_DATABASE_URL": project.access.url,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    project.twin.token = variables["T_SUPABASE_TOKEN"]
    with SupabaseProjectTwin(key=variables["T_PUBLISHABLE_KEY"]) as serving, VercelTwin() as vercel:
        vercel.token, vercel.bypass = variables["T_VERCEL_TOKEN"], variables["T_VERCEL_BYPASS"]
        with (
            CloudflareTwin(token=variables["T_CLOUDFLARE_TOKEN"]) as cloudflare,
            GithubTwin(token=variables["T_GITHUB_TOKEN"]) as github,
        ):
            monkeypatch.setenv("GITHUB_APP_KEY", github.app_key)
            cloudflare.state.add_record("app.securyflex.example", "CNAME", "cname.vercel-dns.com")
            environment = vendor_environment(
                tmp_path,
                supabase=project.twin,
                project=serving,
                cloudflare=cloudflare,
                vercel=vercel,
                store=endpoint(data_platform.environment),
                buckets=(BUCKET, BACKUP_BUCKET),
                app={"name": "securyflex", "secret_variables": {"API_KEY": "env:T_APP_KEY"}},
                github=app_settings(github).model_dump(),
            )
            planted = {**variables, "the password in T_DATABASE_URL": password, **lines_of("App key", github.app_key)}
            yield World(environment, project, serving, cloudflare, vercel, github, planted)


@pytest.fixture
def ear(world: World) -> Iterator[None]:
    """Hears every logger, and those that tell of what goes over the wire at their most talkative."""
    handler, root = Ear(world.said), logging.getLogger()
    talkative = [logging.getLogger(name) for name in ("httpx", "httpcore", "websockets.client", "psycopg")]
    before = [(one, one.level) for one in (root, *talkative)]
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for one in talkative:
        one.setLevel(logging.DEBUG)
    yield
    root.removeHandler(handler)
    for one, level in before:
        one.setLevel(level)


def ask_everything(world: World) -> None:
    """Every client's calls once."""
    environment, say = world.environment, world.said.append
    assert environment.cloudflare
    assert environment.vercel
    cdn = CloudflareCdn(environment.cloudflare, QUICK)
    api = SupabaseApi(environment, QUICK)
    vercel = VercelProject(environment.vercel, QUICK)
    realtime = supabase_realtime_of(environment)
    assert realtime
    for cloudflare_act in CLOUDFLARE_ACTS.values():
        world.hear(lambda act=cloudflare_act: act(cdn))
    for supabase_act in SUPABASE_ACTS.values():
        world.hear(lambda act=supabase_act: act(api))
    wanted = environment.app.secrets()
    for act in (
        vercel.read,
        vercel.serving,
        lambda: list(vercel.copies()),
        lambda: VercelVariables(vercel).match(wanted, "production", say),
        lambda: realtime.measure(messages=1, timeout_seconds=0.2),
        lambda: ask_functions(environment),
        lambda: ask_rest(environment),
        *asked_of_github(world),
    ):
        world.hear(act)


def asked_of_github(world: World) -> list[Callable[[], object]]:
    """By its App, and by a token."""
    assert world.environment.github
    by_token = Github(repository=REPOSITORY, token="env:T_GITHUB_TOKEN", api=world.github.url)
    openers = ((world.environment.github, world.github.app_key), (by_token, world.planted["T_GITHUB_TOKEN"]))
    reviews = [GithubReview(settings, SecretStr(secret), QUICK, 1.0) for settings, secret in openers]
    return [act for one in reviews for act in (partial(one.show_check, CHECK), partial(one.show_comment, COMMENT))]


@pytest.mark.slow
def test_nothing_that_is_logged_or_raised_in_any_mood_holds_a_secret(
    world: World, ear: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.database.supabase_api.STARTS_WITHIN_SECONDS", 0.05)
    ask_everything(world)
    for mood in KINDS:
        for twin in world.twins:
            twin.moods.set("*", mood, times=FOREVER, seconds=0.01)
        ask_everything(world)
    for twin in world.twins:
        twin.moods.clear()
    for realtime_mood in ("deaf", "closing", "refusing", "malformed"):
        world.serving.mood = realtime_mood
        ask_everything(world)

    said = "\n".join(world.said)
    assert len(world.said) > 500
    assert "answered 503" in said
    assert world.leaks(said) == set()


def test_nothing_of_the_database_is_told(world: World, ear: None, monkeypatch: pytest.MonkeyPatch) -> None:
    database = SupabaseDatabase(world.environment)
    world.hear(database.health)
    world.hear(lambda: database.snapshot("one", world.said.append))
    url = world.planted["T_DATABASE_URL"]
    for wrong in (url.replace("planted", "wrong-but-still-a-sekrit"), url.replace(str(world.project.access.port), "1")):
        monkeypatch.setenv("T_DATABASE_URL", wrong)
        world.hear(lambda: database.url("securyflex"))
    monkeypatch.setenv("T_DATABASE_URL", url.replace(str(world.project.access.port), "6543"))
    world.hear(lambda: database.url("securyflex"))
    world.hear(lambda: refuse(world))
    said = "\n".join(world.said)
    assert "pg_dump" in said
    assert "password authentication failed" in said
    assert "transaction pooler" in said
    assert world.leaks(said) == set()
    assert "wrong-but-still-a-sekrit" not in said


def refuse(world: World) -> None:
    """The server's own words about a statement."""
    with connected(direct_access(world.environment)) as connection:
        connection.execute("SELECT nothing FROM nowhere")


def test_what_each_vendor_was_sent_holds_no_secret_of_another(world: World, ear: None) -> None:
    ask_everything(world)
    allowed = {
        "supabase": ("T_SUPABASE_TOKEN",),
        "cloudflare": ("T_CLOUDFLARE_TOKEN",),
        # The app's own secret is what its hosting is told.
        "vercel": ("T_VERCEL_TOKEN", "T_VERCEL_BYPASS", "T_APP_KEY"),
        # The key of the App only signs: it is sent to nobody.
        "github": ("T_GITHUB_TOKEN", *world.tokens),
    }
    logs = {twin.vendor.lower(): sent(twin) for twin in world.twins}
    for vendor, text in logs.items():
        assert world.leaks(text, allowed[vendor]) == set()
        assert world.leaks(text) & set(allowed[vendor]), f"{vendor} never got its own: the search finds nothing"
    serving = repr(world.serving.log) + repr(world.serving.messages)
    assert world.leaks(serving) == {"T_PUBLISHABLE_KEY"}
    assert not any("T_PUBLISHABLE_KEY" in world.leaks(path) for path, _ in world.serving.log)


def sent(twin: Twin) -> str:
    """All that a twin was asked with."""
    return "\n".join(
        repr((one.request.path, dict(one.request.query), dict(one.request.headers), one.request.body))
        for one in twin.log
    )


@task
def look_around(name: str) -> int:
    """Everything that the doctor finds, as an artifact."""
    found = examine(checkup(load_environment(name)))
    create_table_artifact([vars(one) for one in found], key="findings", description="What the doctor found")
    return len(found)


@task
def fail_at(name: str, vendor: str) -> None:
    """An error that nobody catches: Prefect keeps it with its traceback."""
    environment = load_environment(name)
    if vendor == "supabase":
        SupabaseApi(environment, QUICK).project()
    elif vendor == "vercel":
        assert environment.vercel
        VercelProject(environment.vercel, QUICK).read()
    elif vendor == "cloudflare":
        assert environment.cloudflare
        CloudflareCdn(environment.cloudflare, QUICK).zone()
    else:
        refuse_by_name(name)


def refuse_by_name(name: str) -> None:
    with connected(direct_access(load_environment(name))) as connection:
        connection.execute("SELECT nothing FROM nowhere")


@flow(log_prints=True, persist_result=True)
def talkative(environment: str) -> int:
    """Prints, returns, keeps an artifact, and fails in four ways."""
    print(load_environment(environment))
    states = [fail_at(environment, vendor, return_state=True) for vendor in (*OWNERS, "database")]
    print([str(state) for state in states])
    return look_around(environment)


@pytest.mark.slow
def test_flows_leave_no_secret_in_prefect_its_results_the_state_or_the_records(
    world: World, ear: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments, state, home = (tmp_path / name for name in ("environments", "state", "home"))
    environments.mkdir()
    (environments / "staging.toml").write_text(as_toml(world.environment.model_dump(exclude_none=True)))
    monkeypatch.setenv("PIPELINE_ENVIRONMENTS", str(environments))
    monkeypatch.setenv("PIPELINE_STATE", str(state))
    with temporary_settings(updates={PREFECT_HOME: home}), prefect_test_harness(server_startup_timeout=120):
        database = Path(str(PREFECT_SERVER_DATABASE_CONNECTION_URL.value()).partition(":///")[2])
        shielded = under_attack("place", "a flood", "mo", environment="staging", return_state=True)
        copied = backup("staging", "drill", return_state=True)
        for twin in world.twins:
            twin.moods.set("*", "failing", times=FOREVER)
        failed = under_attack("lift", "over", "mo", environment="staging", return_state=True)
        found = talkative("staging", return_state=True)
        APILogWorker.drain_all()
        kept = {path: path.read_bytes().decode("latin-1") for path in database.parent.iterdir()}
    assert (shielded.name, copied.name, failed.name) == ("Shielded", "Completed", "Failed")
    assert found.is_completed()
    text = "\n".join(kept.values())
    # The search sees what there is: names, log lines, artifacts, errors.
    for known in ("talkative", "is shielded by mo", "What the doctor found", "answered 503", "does not exist"):
        assert known in text, f"{known!r} is not in Prefect's database: the search would find nothing"
    assert world.leaks(text) == set()
    assert world.leaks("\n".join(world.said)) == set()
    for folder in (home, state, environments):
        for path in (one for one in folder.rglob("*") if one.is_file()):
            assert world.leaks(path.read_bytes().decode("latin-1")) == set(), path
    records = configured_objects(world.environment)
    backups = configured_objects(world.environment, backups=True)
    for store in (records, backups):
        for stored in store.list(""):
            assert world.leaks((store.get(stored.key) or b"").decode("latin-1")) == set(), stored.key
