"""Before a release touches data: proof that there is a way back for it."""

from __future__ import annotations

import time

from infra.database.local_recovery import recovery_of
from infra.database.recovery import Recovery
from infra.errors import Rejected
from tasks.gates.backups import check_proof
from tasks.outcomes import GateClosed
from tasks.release import Release, speaker
from tasks.stage import Journey, stage


@stage("backup proof", tries=3, journey=Journey(asks_anew=True))
def prove_backup(release: Release) -> str:
    """The fact that opened the gate. Raises GateClosed.

    Where the environment says `missing_proof = "make"`, a missing, old or outdated proof is made here and now.
    """
    recovery = recovery_of(release.settings)
    try:
        fact = _ask(release, recovery)
    except GateClosed as closed:
        if release.settings.backups.missing_proof != "make":
            raise
        speaker()(f"{closed.message}: making a proof now")
        fact = _prove(release, recovery)
    speaker()(fact)
    return fact


def _prove(release: Release, recovery: Recovery) -> str:
    """By the newest backup; by a new one where that is too old, or from before the last migration."""
    limit = release.settings.gates.snapshot_max_age_hours
    backups = recovery.backups()
    is_new = not backups or time.time() - backups[0].ended > limit * 3600
    _make(release, recovery, is_new=is_new)
    try:
        return _ask(release, recovery)
    except GateClosed as closed:
        if is_new:
            raise
        speaker()(f"{closed.message}: making a backup too")
    _make(release, recovery, is_new=True)
    return _ask(release, recovery)


def _ask(release: Release, recovery: Recovery) -> str:
    limit = release.settings.gates.backup_proof_max_age_hours
    try:
        return check_proof(recovery.newest_proof(), release.app, recovery.revisions().get(release.app), limit)
    except Rejected as error:
        raise GateClosed(f"backup proof: {error.message}", error.hint) from error


def _make(release: Release, recovery: Recovery, *, is_new: bool) -> None:
    try:
        if is_new:
            release.platform.database.snapshot(f"for-{release.id}", speaker())
        migrations = release.source.manifest.migrations
        recovery.verify(speaker(), {release.app: migrations.invariants} if migrations else None)
    except Rejected as error:
        raise GateClosed(f"backup proof: {error.message}", error.hint) from error
