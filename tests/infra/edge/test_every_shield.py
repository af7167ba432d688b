"""What every shield promises: raised and lowered at Cloudflare's twin and at Vercel's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from vendor_data import VARIABLES, vendor_environment

from deployments.twins.cloudflare import CloudflareTwin
from deployments.twins.vercel import VercelTwin
from infra.errors import PipelineError
from infra.platform import shield_of
from infra.shield import UNDER_ATTACK, Shield

AN_HOUR = 3600


@dataclass
class Shielded:
    """A shield, with the twin behind it and the operation that changes it."""

    shield: Shield
    twin: CloudflareTwin | VercelTwin
    operation: str


@pytest.fixture(params=["Cloudflare", "Vercel"])
def shielded(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shielded]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with CloudflareTwin() as cloudflare, VercelTwin() as vercel:
        environment = vendor_environment(tmp_path, cloudflare=cloudflare, vercel=vercel)
        if request.param == "Vercel":
            environment = environment.model_copy(update={"cloudflare": None})
        shield = shield_of(environment)
        assert shield is not None
        assert shield.shield_name == request.param
        is_vercel = request.param == "Vercel"
        operation = "updateAttackChallengeMode" if is_vercel else "zone-settings-edit-single-setting"
        yield Shielded(shield, vercel if is_vercel else cloudflare, operation)


def test_it_is_at_its_usual_level_until_it_is_raised_and_again_when_it_is_lowered(shielded: Shielded) -> None:
    shield = shielded.shield
    assert shield.security_level() == shield.usual_level
    for level in (UNDER_ATTACK, UNDER_ATTACK, shield.usual_level, shield.usual_level):
        shield.set_security_level(level)
        assert shield.security_level() == level


def test_a_lost_answer_is_never_taken_for_a_no(shielded: Shielded) -> None:
    shielded.twin.moods.set(shielded.operation, "lost")
    shielded.shield.set_security_level(UNDER_ATTACK)
    assert shielded.shield.security_level() == UNDER_ATTACK
    shielded.twin.moods.set(shielded.operation, "malformed", times=-1)
    with pytest.raises(PipelineError) as error:
        shielded.shield.set_security_level(shielded.shield.usual_level)
    assert error.value.hint


def test_vercel_is_asked_for_an_end_and_one_whose_time_is_over_is_off(shielded: Shielded) -> None:
    if not isinstance(shielded.twin, VercelTwin):
        assert "attackModeActiveUntil" not in str([entry.request.body for entry in shielded.twin.log])
        return
    shielded.shield.set_security_level(UNDER_ATTACK)
    until = shielded.twin.attack_mode_until
    assert until is not None
    assert 3 * AN_HOUR < until / 1000 - time.time() < 5 * AN_HOUR
    shielded.twin.attack_mode_until = (time.time() - 1) * 1000
    assert shielded.shield.security_level() == "off"


def test_a_level_that_a_vendor_does_not_have_is_refused(shielded: Shielded) -> None:
    with pytest.raises(PipelineError):
        shielded.shield.set_security_level("sky-high")


def test_an_environment_with_neither_has_none(tmp_path: Path) -> None:
    environment = vendor_environment(tmp_path)
    assert shield_of(environment.model_copy(update={"cloudflare": None})) is None
