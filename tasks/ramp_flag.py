"""The ramp by feature flag: everyone gets the version with its flag off, then the flag goes up step by step."""

from __future__ import annotations

from typing import Any

from infra.edge import Slot
from infra.manifest import Flag as Named
from tasks.climb import Step, climb
from tasks.dial import Flag
from tasks.notes import read_notes, write_note
from tasks.outcomes import GateClosed
from tasks.progress import Progress
from tasks.release import Release, speaker
from tasks.stage import Journey, stage

NAME = "flag"


def goes_by_flag(release: Release) -> bool:
    """Whether this release turns up a flag: the environment wants it, the version names one, and not everyone has
    it yet from an earlier release. Then there is nothing left to turn up, and traffic is what ramps."""
    flag = release.source.manifest.flag
    if release.settings.canary.by != "flag" or flag is None:
        return False
    return is_turned_by(release, flag.name) or release.platform.flags.percentage(flag.name) != 100


def is_turned_by(release: Release, _flag: str) -> bool:
    """Whether this release has begun to turn it: one that goes on after a crash finds it somewhere in between."""
    return any(note.stage == NAME and not note.is_put_back for note in read_notes(release))


@stage("flag off", tries=3, journey=Journey(still=is_turned_by))
def turn_flag_off(release: Release) -> str:
    """The version's flag is off for everyone, and that is noted. Raises GateClosed when somebody else is turning it."""
    flag = _flag_of(release).name
    flags = release.platform.flags
    now = flags.percentage(flag)
    if now and not is_turned_by(release, flag):
        raise GateClosed(
            f"flag {flag} at {release.environment}: on for {now} %, expected 0 %: somebody else is turning it up",
            "turn it off, or on for everyone; then release again",
        )
    write_note(release, NAME, {"flag": flag})
    flags.set(flag, 0)
    speaker()(f"flag {flag} is off for everyone, so {release.label} shows nothing new")
    return flag


@stage("flag on for everyone", tries=3)
def turn_flag_on(release: Release) -> None:
    """For a first version, beside which nothing is live: there is nobody to protect, and nothing to compare with."""
    flag = _flag_of(release).name
    write_note(release, NAME, {"flag": flag})
    release.platform.flags.set(flag, 100)
    speaker()(f"flag {flag} is on for everyone: {release.label} is the first version")


@stage("flag", run_name="flag at {weight} %", journey=Journey(follows=True))
def ramp_flag(release: Release, slot: Slot, weight: int, evidence: str) -> Step:
    """The flag is on for `weight` percent, until the evidence says yes or no; added to that of earlier steps.

    Raises CanaryFailed (the flag is off for everyone by then), Undecided when time is up, Aborted.
    """
    flag = _flag_of(release).name
    with Progress("canary", speaker()) as progress:
        progress.show(0.0, f"{release.label}: flag {flag} at {weight} %")
        step = climb(release, Flag(release.platform.flags, flag, slot), weight, evidence, progress.show)
        if weight == release.settings.canary.weights[-1]:
            release.platform.flags.set(flag, weight)  # until now it was lent, and would have gone off by itself
        progress.show(100.0, f"{release.label} passed flag {flag} at {weight} %: {step.sentence}")
    return step


@stage("way back: flag", tries=3)
def put_flag_back(release: Release, facts: dict[str, Any]) -> str:
    """Off for everyone, as it was: a release only turns up a flag that was off."""
    flag = str(facts["flag"])
    release.platform.flags.set(flag, 0)
    speaker()(f"flag {flag} is off for everyone")
    return f"flag {flag} off"


def _flag_of(release: Release) -> Named:
    flag = release.source.manifest.flag
    if flag is None:
        raise GateClosed(f"{release.label}: names no [flag] in its pipeline.toml", "name one, or ramp by traffic")
    return flag
