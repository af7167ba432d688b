"""The Postgres services are killed in every way, and lose nothing that they acknowledged."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from data_platform_parts import DataPlatform, data_environment, rows, within

from infra.database.connection import connected, one
from infra.errors import BadInput, Rejected
from infra.local.credentials import local_credentials
from infra.local.postgres import ControlPostgres, Primary
from infra.local.postgres_remains import workers_of

OWN_PORTS = 26_116


def pid_of(service: object) -> int:
    daemon = service._bare.daemon if hasattr(service, "_bare") else service.cluster.daemon
    assert daemon is not None
    return daemon.pid


def test_up_twice_changes_nothing(data_platform: DataPlatform) -> None:
    before = [service.status() for service in data_platform.services]
    for service in data_platform.services:
        service.up(print)
    assert [service.status() for service in data_platform.services] == before
    assert {status.state for status in before} == {"healthy"}


def test_every_port_is_on_loopback_only(data_platform: DataPlatform) -> None:
    for service in data_platform.services:
        listening = [
            connection.laddr
            for connection in psutil.Process(service.status().pid).net_connections()
            if connection.status == psutil.CONN_LISTEN
        ]
        assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", service.ports[0])]


def test_no_secret_is_on_a_command_line(data_platform: DataPlatform) -> None:
    secrets = vars(local_credentials(data_platform.environment.state)).values()
    for service in data_platform.services:
        words = " ".join(psutil.Process(service.status().pid).cmdline())
        assert not [secret for secret in secrets if secret in words]


def test_a_password_is_needed_and_stored_as_scram(data_platform: DataPlatform) -> None:
    access = data_platform.primary.cluster.access
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(access.url.replace(access.password, "wrong"))
    with connected(access) as connection:
        (kinds,) = one(connection, "SELECT array_agg(DISTINCT left(rolpassword, 13)) FROM pg_authid WHERE rolcanlogin")
    assert kinds == ["SCRAM-SHA-256"]


@pytest.mark.parametrize("death", ["postmaster", "everyone"])
def test_a_killed_primary_comes_back_with_every_acknowledged_row(
    data_platform: DataPlatform, scratch_url: str, death: str
) -> None:
    rows(scratch_url, "CREATE TABLE acknowledged (n int)")
    acknowledged = 0
    folder = data_platform.primary.cluster.folder
    victims = [pid_of(data_platform.primary)]
    if death == "everyone":
        victims += [process.pid for process in workers_of(folder)]
    with psycopg.connect(scratch_url, autocommit=True) as writer:
        for number in range(300):
            if number == 200:
                for victim in victims:
                    with suppress(ProcessLookupError):  # a worker may have ended by itself meanwhile
                        os.kill(victim, signal.SIGKILL)
            try:
                writer.execute("INSERT INTO acknowledged VALUES (%s)", [number])
                acknowledged += 1
            except psycopg.OperationalError:
                break
    data_platform.primary.up(print)
    assert data_platform.primary.status().state == "healthy"
    (found,) = rows(scratch_url, "SELECT count(*) FROM acknowledged")[0]
    assert acknowledged >= 200
    assert found >= acknowledged
    assert within(30, lambda: data_platform.standby.status().state == "healthy")


def test_a_killed_standby_follows_again_without_being_built_anew(data_platform: DataPlatform) -> None:
    said: list[str] = []
    os.kill(pid_of(data_platform.standby), signal.SIGKILL)
    data_platform.standby.up(said.append)
    assert data_platform.standby.status().state == "healthy"
    assert not [line for line in said if "building" in line]


def test_rows_reach_the_standby_which_refuses_writes(data_platform: DataPlatform, scratch_url: str) -> None:
    rows(scratch_url, "CREATE TABLE copied AS SELECT generate_series(1, 100) AS n")
    ports = [str(service.ports[0]) for service in (data_platform.primary, data_platform.standby)]
    there = scratch_url.replace(*ports)
    behind = "SELECT pg_current_wal_lsn() > replay_lsn FROM pg_stat_replication WHERE application_name = 'standby'"
    assert within(20, lambda: rows(data_platform.primary.cluster.access.url, behind) == [(False,)])
    assert rows(there, "SELECT count(*) FROM copied") == [(100,)]
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        rows(there, "INSERT INTO copied VALUES (1)")


def test_a_promoted_standby_is_kept_aside_and_a_new_one_built(data_platform: DataPlatform) -> None:
    standby = data_platform.standby
    half = standby.cluster.folder.parent / "standby.new-half"
    half.mkdir()  # what a crash in the middle of building leaves
    with connected(standby.cluster.access) as connection:
        one(connection, "SELECT pg_promote(true, 30)")
    rows(standby.cluster.access.url, "CREATE TABLE only_here (n int)")
    assert standby.status().state == "unhealthy"
    standby.up(print)
    assert standby.status().state == "healthy"
    assert not half.exists()
    (kept,) = standby.cluster.folder.parent.glob("standby.promoted-*")
    assert (kept / "PG_VERSION").exists()
    shutil.rmtree(kept)
    assert rows(standby.cluster.access.url, "SELECT to_regclass('only_here')") == [(None,)]


def test_a_standby_whose_log_was_not_kept_is_built_anew(data_platform: DataPlatform) -> None:
    said: list[str] = []
    data_platform.standby.down(print)
    with connected(data_platform.primary.cluster.access) as connection:
        one(connection, "SELECT pg_drop_replication_slot('standby')")
    data_platform.standby.up(said.append)
    assert data_platform.standby.status().state == "healthy"
    assert "postgres-standby: building it, for the primary no longer holds the log that it needs" in said


def test_the_slot_of_the_standby_cannot_fill_the_disk(data_platform: DataPlatform) -> None:
    with connected(data_platform.primary.cluster.access) as connection:
        (limit,) = one(connection, "SELECT setting::int FROM pg_settings WHERE name = 'max_slot_wal_keep_size'")
    assert limit == 1024


def test_a_process_whose_record_was_lost_is_found_again(data_platform: DataPlatform) -> None:
    place, pid = data_platform.primary.cluster.place, pid_of(data_platform.primary)
    place.record.unlink()
    assert data_platform.primary.is_up()
    data_platform.primary.up(print)
    assert place.daemon is not None
    assert place.daemon.pid == pid


def test_an_empty_cluster_never_takes_the_place_of_lost_data(tmp_path: Path) -> None:
    environment = data_environment(tmp_path, OWN_PORTS)
    (environment.state / "postgres").mkdir(parents=True)
    (environment.state / "postgres" / "system-identifier").write_text("123456789")
    with pytest.raises(Rejected, match="cluster 123456789 is gone"):
        Primary(environment).up(print)
    assert not (environment.state / "postgres" / "primary").exists()


def test_the_life_of_the_control_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIPELINE_STATE", raising=False)
    control = ControlPostgres(data_environment(tmp_path, OWN_PORTS))
    folder = control.cluster.folder
    half = folder.parent / "control.new-half"
    half.mkdir(parents=True)  # what a crash in the middle of initdb leaves
    with socket.create_server(("127.0.0.1", control.ports[0])), pytest.raises(BadInput, match=f"{control.ports[0]}"):
        control.up(print)
    try:
        control.up(print)
        assert sorted(path.name for path in folder.parent.iterdir()) == ["control"]
        url = control.async_url()
        assert url.startswith("postgresql+asyncpg://prefect:")
        assert rows(url.replace("+asyncpg", ""), "CREATE EXTENSION pg_trgm") == []
        control.down(print)
        assert control.status().state == "stopped"
        assert not workers_of(folder)
        (folder / "postmaster.pid").write_text(f"{os.getpid()}\n")  # a stranger's process got the dead one's number
        control.up(print)
        assert rows(url.replace("+asyncpg", ""), "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'") == [
            (1,)
        ]
    finally:
        control.down(print)
