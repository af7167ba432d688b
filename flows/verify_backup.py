"""Proves every night that the newest backup is one: restored, replayed, checked; then lets old ones go."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows import outcome
from infra.errors import BadInput, PipelineError
from tasks.announce import one_line
from tasks.code_review import settle, tell_backup
from tasks.raise_incident import raise_incident
from tasks.verify_backup import expire_backups, verify_newest

PROVEN = "Proven"
DAMAGED = "OlderBackupDamaged"


@flow(name="verify-backup", flow_run_name="verify the backup of {environment}")
def verify_backup(environment: str = "local") -> State[Any]:
    """Ends Proven with RTO and RPO in the message; GateClosed, OlderBackupDamaged or Refused with an incident.

    Damage in a backup that is not the newest closes no gate. Old backups go only after a night without any. What is
    wrong is an issue where the code is reviewed, until a night without it.

    Args:
        environment: Whose newest backup is restored beside and checked
    """
    try:
        return _verify(environment)
    finally:
        settle()


def _verify(environment: str) -> State[Any]:
    try:
        proof = verify_newest(environment)
    except BadInput as error:
        return outcome.failed(outcome.REFUSED, _refused(environment, error))
    except PipelineError as error:
        return outcome.failed(outcome.GATE_CLOSED, _not_proven(environment, error))
    took = f"RTO {proof.rto_seconds:.1f} s, RPO {proof.rpo_seconds:.1f} s"
    said = f"backup {proof.backup} was restored to {proof.lsn} and checked: {took}"
    tell_backup(environment, "backup-proof", "the newest backup is proven again", said, is_over=True)
    if proof.damaged:
        title = f"{len(proof.damaged)} older backups of {environment} are damaged: {proof.damaged[0]}"
        body = "\n".join([*proof.damaged, "the newest backup is proven; older moments may be out of reach"])
        raise_incident(environment, "older-backups", "P2", title, body)
        tell_backup(environment, "older-backups", title, body, is_over=False)
        return outcome.failed(DAMAGED, title)
    tell_backup(environment, "older-backups", "no backup is damaged any more", said, is_over=True)
    expire_backups(environment)
    return outcome.completed(PROVEN, said)


def _refused(environment: str, error: BadInput) -> str:
    """A program or a variable that is missing proves no night either, and nobody looks at what runs by itself."""
    try:
        _not_proven(environment, error)
    except BadInput as worse:
        return f"{error}\n  no incident could be opened: {worse.message}"
    return str(error)


def _not_proven(environment: str, error: PipelineError) -> str:
    """Told wherever people look; the title."""
    title = f"the backup of {environment} is not proven: {one_line(error)}"
    tell_backup(environment, "backup-proof", title, str(error), is_over=False)
    raise_incident(environment, "backup-proof", "P1", title, str(error))
    return title
