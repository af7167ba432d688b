"""Restores the newest backup beside and checks it; the evidence is signed, kept, and shown in the Prefect UI."""

from __future__ import annotations

from prefect.artifacts import create_markdown_artifact

from infra.database.local_recovery import recovery_of
from infra.database.proof import Proof
from infra.database.retention import Expired
from infra.environment import load_environment
from tasks.environment_page import show_environment_soon
from tasks.release import speaker
from tasks.stage import stage


@stage("restore and check the newest backup", tries=2)
def verify_newest(environment: str) -> Proof:
    """The proof. Raises Rejected naming what is wrong with the backup or the log."""
    proof = recovery_of(load_environment(environment)).verify(speaker())
    for line in proof.lines():
        speaker()(line)
    show_proof(environment, proof)
    return proof


@stage("expire backups", tries=3)
def expire_backups(environment: str) -> Expired:
    """Let go of what is older than the recovery window."""
    settings = load_environment(environment)
    return recovery_of(settings).expire(settings.backups.retention_days, speaker())


def show_proof(environment: str, proof: Proof) -> None:
    """The artifact `backup-proof`."""
    rows = [
        f"| {database}.{table} | {count} |"
        for database, tables in proof.rows.items()
        for table, count in tables.items()
    ]
    text = "\n".join([f"# Backup {proof.backup}: restored and checked", "", *(f"- {line}" for line in proof.lines())])
    table = "\n".join(["", "", "| table | rows |", "|---|--:|", *rows])
    create_markdown_artifact(text + table, key="backup-proof", description=f"Backup proof of {environment}")
    show_environment_soon(environment)
