"""A service that lives and does not answer is reported once, and so is that it answers again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from deployments.guard import health
from deployments.guard.health import HealthReporter
from deployments.guard.voice import Voice
from infra.environment import Environment
from infra.local import Say, ServiceStatus
from infra.notify.logbook import Logbook


@dataclass
class Patient:
    """A service whose state the test sets."""

    state: Literal["healthy", "unhealthy", "stopped"] = "healthy"
    name: str = "patient"
    ports: tuple[int, ...] = field(default=())

    def is_up(self) -> bool:
        return self.state != "stopped"

    def up(self, say: Say) -> None:
        pytest.fail("a service that lives is not started")

    def down(self, say: Say) -> None:
        pytest.fail("a service that lives is not stopped")

    def status(self) -> ServiceStatus:
        return ServiceStatus(self.name, self.state, 42, None, "no answer in 5 s")


def test_a_hung_service_is_reported_after_half_a_minute_and_not_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE_STATE", str(tmp_path))
    environment, patient = Environment(name="test", kind="local"), Patient()
    book = Logbook(environment.state / "notifications.jsonl")
    reporter = HealthReporter([patient], Voice(environment))
    now = 1000.0
    monkeypatch.setattr(health.time, "monotonic", lambda: now)

    def pass_seconds(seconds: int) -> list[str]:
        nonlocal now
        for _ in range(seconds):
            now += 1
            reporter.look()
        return [message.title for message in book.sent()]

    assert pass_seconds(60) == []
    patient.state = "unhealthy"
    assert pass_seconds(29) == []
    told = pass_seconds(60)
    assert len(told) == 1
    assert told[0].startswith("guard: patient (pid 42) lives and has not answered for 3")
    patient.state = "healthy"
    assert pass_seconds(10) == [told[0], "guard: patient is healthy again"]
