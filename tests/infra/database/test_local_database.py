"""Apps' databases, the cluster's health, and copies that can really be restored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from data_platform_parts import DataPlatform, data_environment, rows, within
from hypothesis import given
from hypothesis import strategies as st

from infra.database.connection import Access, access_to, connected, one, refused
from infra.database.local import LocalDatabase
from infra.database.names import app_names, point_name
from infra.database.restore_plan import plan_restore
from infra.database.targets import Target
from infra.errors import BadInput, Rejected, Unknown, Unreachable
from infra.local.object_store import BACKUP_BUCKET, local_objects
from infra.local.postgres_scratch import scratch_cluster
from infra.local.postgres_settings import archive_of
from infra.ports import free_port

WORDS = st.text(st.characters(codec="utf-8"), min_size=1)


@pytest.fixture
def shop(data_platform: DataPlatform) -> Iterator[str]:
    url = data_platform.database.ensure("web-shop")
    yield url
    rows(data_platform.primary.cluster.access.url, 'DROP DATABASE "web-shop" WITH (FORCE)')


def test_an_app_gets_a_database_once_and_keeps_its_rows(data_platform: DataPlatform, shop: str) -> None:
    rows(shop, "CREATE TABLE kept AS SELECT 1 AS n")
    assert data_platform.database.ensure("web-shop") == shop
    assert data_platform.database.url("web-shop") == shop
    assert rows(shop, "SELECT n, current_user, current_database() FROM kept") == [(1, "app_web_shop", "web-shop")]
    assert rows(shop, "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user") == [
        (False,)
    ]


def test_the_roles_that_policies_name_are_made_again_wherever_they_are_missing(
    data_platform: DataPlatform, shop: str
) -> None:
    admin = data_platform.primary.cluster.access.url
    question = "SELECT rolcanlogin, rolinherit, rolbypassrls FROM pg_roles WHERE rolname = 'service_role'"
    for mend in (lambda: data_platform.primary.up(print), lambda: data_platform.database.ensure("web-shop")):
        rows(admin, "DROP ROLE service_role")
        mend()
        assert rows(admin, question) == [(False, False, True)]
    may = "SELECT pg_has_role(current_user, 'service_role', 'SET'), pg_has_role(current_user, 'service_role', 'USAGE')"
    assert rows(shop, may) == [(True, False)], "it may become that role, and inherits nothing of it"


def test_an_app_cannot_enter_the_database_of_another(data_platform: DataPlatform, shop: str) -> None:
    other = data_platform.database.scratch("other-app")
    try:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            rows(other.rsplit("/", 1)[0] + "/web-shop", "SELECT 1")
    finally:
        data_platform.database.drop_scratch(other)


def test_an_app_without_a_database_has_no_url(data_platform: DataPlatform) -> None:
    with pytest.raises(Rejected, match="app 'never-seen' has no database"):
        data_platform.database.url("never-seen")


def test_a_scratch_database_is_empty_and_goes_even_while_it_is_used(data_platform: DataPlatform) -> None:
    url = data_platform.database.scratch("web-shop")
    with psycopg.connect(url, autocommit=True) as user:
        user.execute("CREATE TABLE t (n int)")
        data_platform.database.drop_scratch(url)
        with pytest.raises(psycopg.OperationalError):
            user.execute("SELECT 1")
    data_platform.database.drop_scratch(url)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        rows(url, "SELECT 1")


@pytest.mark.parametrize("end", ["web-shop", "postgres", "web-shop_scratch_", "web-shop_scratch_0123456g"])
def test_only_a_scratch_database_is_dropped(data_platform: DataPlatform, shop: str, end: str) -> None:
    with pytest.raises(BadInput, match="no scratch database"):
        data_platform.database.drop_scratch(f"{shop.rsplit('/', 1)[0]}/{end}")
    assert rows(shop, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("app", ["postgres", "prefect", "template1", "Ab", "a'; DROP", "", "x" * 41])
def test_a_name_that_cannot_be_an_apps_is_refused(app: str) -> None:
    with pytest.raises(BadInput, match="app"):
        app_names(app)


@given(st.text(max_size=80))
def test_a_moments_name_is_accepted_or_refused_but_never_changed(name: str) -> None:
    try:
        assert point_name(name) == name
    except BadInput:
        assert not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", name)


@given(WORDS, WORDS, WORDS)
def test_a_url_leads_back_to_what_it_was_made_of(user: str, password: str, database: str) -> None:
    access = Access("x", 5432, user, password, database)
    assert access_to(access.url, "x") == access


@pytest.mark.parametrize(
    "url", ["", "mysql://u:p@h/d", "postgresql://h/d", "postgresql://u:p@h:port/d", "postgresql://u:p@h"]
)
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="database URL"):
        access_to(url)


def test_health_tells_what_the_cluster_is(data_platform: DataPlatform) -> None:
    assert within(30, lambda: data_platform.database.health().standby_lag_bytes == 0)
    health = data_platform.database.health()
    assert (health.is_writable, health.standby_connected, health.archive_failing) == (True, True, False)
    assert health.server_version.startswith("18.")
    assert health.system_identifier == archive_of(data_platform.environment).cluster


def test_health_shows_an_absent_standby_and_how_far_it_falls_behind(
    data_platform: DataPlatform, scratch_url: str
) -> None:
    data_platform.standby.down(print)
    try:
        assert within(20, lambda: not data_platform.database.health().standby_connected)
        rows(scratch_url, "CREATE TABLE much AS SELECT repeat('x', 1000) FROM generate_series(1, 1000)")
        assert data_platform.database.health().standby_lag_bytes > 1_000_000
    finally:
        data_platform.standby.up(print)


def test_an_archive_that_fails_is_shown_and_catches_up(data_platform: DataPlatform) -> None:
    superuser = data_platform.primary.cluster.access.url
    data_platform.object_store.down(print)
    try:
        rows(superuser, "SELECT pg_create_restore_point('no-store')")
        ((segment,),) = rows(superuser, "SELECT pg_walfile_name(pg_switch_wal())")
        assert within(60, lambda: data_platform.database.health().archive_failing)
        assert data_platform.database.health().unarchived_seconds > 0
    finally:
        data_platform.object_store.up(print)
    assert within(90, lambda: data_platform.database.health().last_archived_wal >= str(segment))
    assert not data_platform.database.health().archive_failing
    key = archive_of(data_platform.environment).segment_key(str(segment))
    assert [found.key for found in local_objects(data_platform.environment, BACKUP_BUCKET).list(key)] == [key]


def test_a_dead_primary_is_unreachable_and_a_wrong_password_is_refused(
    data_platform: DataPlatform, tmp_path: Path
) -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        LocalDatabase(data_environment(tmp_path, free_port() - 1)).health()
    wrong = replace(data_platform.primary.cluster.access, password="wrong")
    with pytest.raises(Rejected, match="password authentication failed"), connected(wrong):
        pass


def test_a_server_that_falls_silent_leaves_us_not_knowing(data_platform: DataPlatform) -> None:
    with pytest.raises(Unknown, match="fell silent"), connected(data_platform.primary.cluster.access) as connection:
        one(connection, "SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_snapshot_and_the_log_after_it_bring_back_a_named_moment(data_platform: DataPlatform, shop: str) -> None:
    database, said = data_platform.database, list[str]()
    rows(shop, "CREATE TABLE orders AS SELECT generate_series(1, 1000) AS n")
    first = database.snapshot("first", said.append)
    assert 1_000_000 < first.bytes < 30_000_000, "stored compressed"
    assert first.begin_lsn < first.end_lsn
    rows(shop, "INSERT INTO orders SELECT generate_series(1001, 1500)")
    point = database.mark("before-the-drop")
    rows(shop, "DROP TABLE orders")
    second = database.snapshot("later", said.append)  # it also archives the log up to here
    assert database.snapshots()[:2] == [second, first]
    assert point.lsn < second.begin_lsn
    archive = archive_of(data_platform.environment)
    plan = plan_restore(archive, Target("point", "before-the-drop"))
    assert plan.backup.id == first.id
    with scratch_cluster(data_platform.environment, archive, plan, print) as restored:
        assert rows(replace(restored.access, database="web-shop").url, "SELECT count(*) FROM orders") == [(1500,)]
        folder = restored.cluster.folder
    assert not folder.exists()


def test_a_snapshot_without_a_store_fails_and_is_not_listed(data_platform: DataPlatform) -> None:
    listed = data_platform.database.snapshots()
    data_platform.object_store.down(print)
    try:
        with pytest.raises(Unreachable, match=r"put .*base/"):
            data_platform.database.snapshot("nowhere-to-go", print)
    finally:
        data_platform.object_store.up(print)
    assert data_platform.database.snapshots() == listed


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("FATAL:  sorry, too many clients already", Unreachable),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", Unreachable),
        ("FATAL: MaxClientsInSessionMode: max clients reached", Unreachable),
        ("FATAL:  the database system is starting up", Unreachable),
        ('FATAL:  password authentication failed for user "app"', Rejected),
    ],
)
def test_a_full_house_is_silence_and_a_wrong_password_a_no(words: str, kind: type[Exception]) -> None:
    assert type(refused(psycopg.OperationalError(words), "the database")) is kind
