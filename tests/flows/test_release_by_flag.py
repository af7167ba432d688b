"""Whole releases that turn up a feature flag instead of the traffic, on the real local platform."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.client.schemas.objects import State

from deployments.demo.repository import create_repository
from flows.release import release
from infra.environment import Environment
from infra.platform import Platform, connect

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def by_flag(started_platform: Environment) -> Iterator[Environment]:
    """The environment, with flags."""
    file = Path(os.environ["PIPELINE_ENVIRONMENTS"]) / "local.toml"
    before = file.read_text()
    file.write_text(before.replace("[canary]\n", '[canary]\nby = "flag"\n'))
    yield started_platform
    file.write_text(before)


@contextmanager
def visitors(platform: Platform) -> Iterator[list[tuple[int, str, str]]]:
    """Strangers; of each answer the status, the version and the variant."""
    seen: list[tuple[int, str, str]] = []
    over = threading.Event()

    def visit() -> None:
        with httpx.Client(timeout=10) as client:
            while not over.wait(0.05):
                client.cookies.clear()
                answer = client.get(platform.url)
                said = (answer.headers.get(f"X-{name}", "") for name in ("App-Version", "Flag-Variant"))
                seen.append((answer.status_code, *said))  # type: ignore[arg-type] # two of them

    threads = [threading.Thread(target=visit) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join(15)


def run(folder: Path, ref: str) -> State[Any]:
    return release(repository=str(folder), ref=ref, environment="local", return_state=True)


def test_a_good_flag_reaches_everyone_and_a_bad_one_goes_back_with_its_version(
    by_flag: Environment, tmp_path: Path
) -> None:
    folder = create_repository(tmp_path / "app", "toy-flag").folder
    platform = connect(by_flag, "toy-flag")
    assert run(folder, "v1").name == "Promoted"

    with visitors(platform) as seen:
        state = run(folder, "v2")
    assert state.name == "Promoted", state.message
    assert platform.flags.percentage("new-checkout") == 100
    assert {status for status, _, _ in seen} == {200}
    first = [entry[1:] for entry in seen]
    assert first.index(("v2", "off")) < first.index(("v2", "on")), "dark first"
    assert seen[-1][1:] == ("v2", "on")

    with visitors(platform) as seen:
        state = run(folder, "v3")
        time.sleep(0.5)
    assert state.name == "RolledBack", state.message
    assert str(state.message).startswith("v3 with one-click on at 20 %: ")
    assert platform.flags.percentage("one-click") == 0
    assert {entry[1:] for entry in seen if entry[0] != 200} == {("v3", "on")}, "nobody else noticed"
    assert seen[-1] == (200, "v2", "on")
