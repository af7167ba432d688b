"""What runs that were killed leave of previews on this machine, and that all of it is found."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from data_platform_parts import DataPlatform, rows

from infra import processes
from infra.commands import command
from infra.database.connection import connected
from infra.environment import Environment
from infra.files import write_atomically
from infra.hosting.local import previews_folder
from infra.local.apps import HostedApps
from infra.local.postgres_settings import superuser
from infra.previews import Wanted
from infra.previews.local import LocalPreviews

APP = "left-app"
NAME = "preview-7-aaaaaaaaaaaa-0123abcd"
ABOUT = {"id": NAME, "version": "a" * 40, "ref": "feature", "port": 1, "created": 1.0}


@pytest.fixture
def environment(data_platform: DataPlatform) -> Environment:
    return data_platform.environment


@pytest.fixture
def previews(environment: Environment) -> Iterator[LocalPreviews]:
    found = LocalPreviews(environment, APP)
    yield found
    for one in found.all():
        found.close(one.pull_request, print)


@pytest.fixture
def folder(environment: Environment) -> Path:
    made = previews_folder(environment) / APP / "deployments" / NAME / "app"
    made.mkdir(parents=True)
    return made


def test_a_build_that_never_ended_is_a_preview_and_can_be_closed(previews: LocalPreviews, folder: Path) -> None:
    (found,) = previews.all()
    assert (found.pull_request, found.url, found.parts) == (7, "", (NAME,))
    assert previews.close(7, print) == (f"copy {NAME}",)
    assert not folder.exists()


def test_a_process_that_nobody_wrote_down_ends_with_its_folder(previews: LocalPreviews, folder: Path) -> None:
    process = subprocess.Popen(["sleep", "60"], cwd=folder, start_new_session=True)
    try:
        previews.close(7, print)
        assert process.wait(5) == -9
    finally:
        process.kill()


def test_a_role_without_its_database_is_found_and_dropped(previews: LocalPreviews, environment: Environment) -> None:
    previews.database(Wanted(7, "feature"), print)
    boss = superuser(environment, "postgres-primary", environment.platform.postgres_port)
    with connected(boss) as connection:
        connection.execute('DROP DATABASE "left-app_preview_7"')
    assert [one.pull_request for one in previews.all()] == [7]
    assert previews.close(7, print) == ("its database",)
    assert previews.all() == []


def test_a_database_whose_making_was_cut_short_is_the_first_to_go(
    previews: LocalPreviews, environment: Environment
) -> None:
    previews.database(Wanted(8, "feature"), print)
    boss = superuser(environment, "postgres-primary", environment.platform.postgres_port)
    with connected(boss) as connection:
        connection.execute('CREATE DATABASE "left-app_preview_9"')
        connection.execute('CREATE DATABASE "left-app_preview_x"')
    try:
        assert [one.pull_request for one in previews.all()] == [9, 8]
        previews.close(9, print)
    finally:
        with connected(boss) as connection:
            connection.execute('DROP DATABASE "left-app_preview_x"')


def test_the_role_of_a_preview_may_enter_no_apps_database(previews: LocalPreviews, data_platform: DataPlatform) -> None:
    live = data_platform.database.ensure("shop")
    url = previews.database(Wanted(7, "feature"), print)
    assert rows(url, "SELECT has_database_privilege(current_user, 'shop', 'CONNECT')") == [(False,)]
    assert rows(url, "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user") == [
        (False,)
    ]
    assert live.rpartition("/")[2] == "shop"
    for shared in ("postgres", "template1"):
        assert rows(url, f"SELECT has_database_privilege(current_user, '{shared}', 'CONNECT')") == [(False,)]
    assert rows(url, "SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user") == [(20,)]
    data_platform.database.snapshot("with-a-preview", print)


def test_what_another_run_ends_meanwhile_is_not_there(previews: LocalPreviews, folder: Path) -> None:
    """A neighbour is deleted again and again while somebody looks."""
    halt = threading.Event()

    def come_and_go() -> None:
        while not halt.is_set():
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder.parent / "deployment.json", json.dumps(ABOUT))
            shutil.rmtree(folder.parent)

    neighbour = threading.Thread(target=come_and_go)
    neighbour.start()
    try:
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            previews.all()
    finally:
        halt.set()
        neighbour.join()


def test_previews_end_with_the_platform(environment: Environment, previews: LocalPreviews, folder: Path) -> None:
    (folder / "server.py").write_text("import time; time.sleep(60)")
    (folder / "pipeline.toml").write_text('name = "left-app"\n[commands]\nstart = "sleep 60"\n')

    (folder.parent / "deployment.json").write_text(json.dumps(ABOUT))
    daemon = processes.start(
        NAME, command("sleep", "60", folder=folder), record=folder.parent / "process.json", log=folder.parent / "log"
    )
    HostedApps(environment).down(print)
    assert not processes.is_alive(daemon)
