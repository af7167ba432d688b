"""Probes are bounded, equal on both sides, and never keep anybody waiting."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from ramp_world import World, wait_until

from infra.environment import Canary
from infra.manifest import read_manifest
from tasks.analysis import Counts
from tasks.probes import PROBES_A_SECOND, Probes, Pulse, paths_to_probe

POLICY = Canary(slow_ms=400)
NOWHERE = "http://127.0.0.1:9"


def collect(probes: Probes, wanted: int) -> tuple[Counts, Counts]:
    canary = live = Counts(0, 0)

    def enough() -> bool:
        nonlocal canary, live
        found = probes.take()
        if found:
            assert found.seconds > 0
            canary, live = canary + found.canary, live + found.live
        return canary.requests >= wanted

    wait_until(f"{wanted} answers", enough)
    return canary, live


def test_both_deployments_are_asked_equally_often_and_each_answer_is_taken_once(world: World) -> None:
    good, bad = world.start("good"), world.start("bad", "fails 100 %")
    probes = Probes(bad.url, good.url, ("/",), POLICY)
    probes.ask(1.0)
    wait_until("answers", lambda: probes._canary._waiting + probes._live._waiting == 0 if probes._live else True)
    found = probes.take()
    assert found
    assert (found.canary, found.live) == (Counts(PROBES_A_SECOND, PROBES_A_SECOND), Counts(PROBES_A_SECOND, 0))
    assert probes.take() is None
    probes.close()


def test_a_deployment_that_does_not_answer_fails_its_probes(world: World) -> None:
    probes = Probes(NOWHERE, None, ("/",), POLICY)
    probes.ask(0.3)
    canary, live = collect(probes, 3)
    assert (canary.failures, canary.requests, live.requests) == (3, 3, 0)
    probes.close()


def test_a_deployment_that_hangs_is_slow_keeps_nobody_waiting_and_gets_no_more_questions(world: World) -> None:
    hanging = world.start("hanging", "hangs")
    probes, pulse = Probes(hanging.url, None, ("/",), POLICY), Pulse(hanging.url + "/", POLICY)
    started = time.monotonic()
    for _ in range(20):
        probes.ask(1.0)
        pulse.ask()
    assert probes.take() is None
    assert time.monotonic() - started < 0.4
    assert probes._canary._waiting == PROBES_A_SECOND, "twenty rounds, one round of questions"
    canary, _ = collect(probes, 4)
    assert canary.slow == canary.failures == canary.requests
    wait_until("the health check ends", lambda: pulse.take() == [False])
    probes.close()
    pulse.close()


def test_health_checks_go_one_at_a_time(world: World) -> None:
    good = world.start("good")
    pulse = Pulse(good.url + "/health", POLICY)
    for _ in range(5):
        pulse.ask()
    wait_until("an answer", lambda: bool(pulse._answers))
    assert pulse.take() == [True]
    assert pulse.take() == []
    pulse.close()


@pytest.mark.parametrize(
    ("smoke", "paths"),
    [("", ("/", "/health")), ('[smoke]\npaths = ["/a", "/b"]\n', ("/a", "/b", "/health"))],
)
def test_smoke_paths_are_probed_and_the_health_path_and_else_the_front_page(
    tmp_path: Path, smoke: str, paths: tuple[str, ...]
) -> None:
    text = 'name = "shop"\n[commands]\nstart = "x"\n[health]\npath = "/health"\n'
    (tmp_path / "pipeline.toml").write_text(text + smoke)
    assert paths_to_probe(read_manifest(tmp_path)) == paths
