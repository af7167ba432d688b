"""Evidence of which revisions were applied and verified where, as objects that outlive every run.

One object for each revision: `schema/<app>/<revision>.json` in the store of the environment it was tried in.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from infra.environment import load_environment
from infra.objects import Objects
from infra.platform import objects_of
from infra.schema import Written
from tasks.outcomes import GateClosed
from tasks.release import Release


@dataclass(frozen=True)
class Proof:
    """`digest` is of the revision's file; times are seconds since the epoch, `verified` is 0 until it was."""

    revision: str
    digest: str
    environment: str
    release: str
    applied: float
    verified: float = 0.0


def note_applied(release: Release, written: Sequence[Written]) -> None:
    """These revisions are in the database now, not verified yet."""
    for one in written:
        proof = Proof(one.revision.id, one.digest, release.environment, release.id, time.time())
        _write(release.platform.objects, release.app, proof)


def note_verified(release: Release, revisions: Sequence[str]) -> int:
    """The revisions of the database were verified; how many of them have an object that says so now."""
    objects, count = release.platform.objects, 0
    for revision in revisions:
        proof = read_proof(objects, release.app, revision)
        if proof:
            _write(objects, release.app, replace(proof, verified=time.time()))
            count += 1
    return count


def read_proof(objects: Objects, app: str, revision: str) -> Proof | None:
    """What is known of a revision in one environment."""
    content = objects.get(_key(app, revision))
    return Proof(**json.loads(content)) if content else None


def check_proven(release: Release, written: Sequence[Written]) -> str:
    """Raises GateClosed for a revision that was not verified, as it is now, where it has to be first."""
    where = release.settings.proving_ground
    if not where:
        return f"{release.environment} needs no proof from elsewhere"
    objects = objects_of(load_environment(where))
    for one in written:
        problem = _problem(read_proof(objects, release.app, one.revision.id), one)
        if problem:
            raise GateClosed(
                f"schema: revision {one.revision.id} {problem} in {where}, which {release.environment} asks for",
                f"pipeline migrate apply --env {where}, then pipeline migrate verify --env {where}",
            )
    return f"{len(written)} revisions were verified in {where}"


def _problem(proof: Proof | None, one: Written) -> str:
    if proof is None:
        return "was never applied"
    if proof.digest != one.digest:
        return f"was another file (digest {proof.digest[:12]}, now {one.digest[:12]})"
    return "" if proof.verified else "was applied but never verified"


def _write(objects: Objects, app: str, proof: Proof) -> None:
    objects.put(_key(app, proof.revision), json.dumps(asdict(proof)).encode(), "application/json")


def _key(app: str, revision: str) -> str:
    return f"schema/{app}/{revision}.json"
