"""The gate on backups: it asks for proof that one was restored, not for a file."""

from __future__ import annotations

from collections.abc import Sequence

from infra.database.proof import Proof
from tasks.outcomes import GateClosed

_FIX = "run `pipeline verify-backup`"


def check_proof(proof: Proof | None, app: str, revisions: Sequence[str] | None, limit_hours: float) -> str:
    """Open when a backup was restored and checked recently, with the schema that the app's data has now.

    `revisions` are what the app's database is at; None when it has no data yet, and then there is nothing to lose.
    """
    if revisions is None:
        return f"{app} has no data yet"
    if proof is None:
        raise GateClosed("backup proof: no backup of this cluster was ever restored and checked", _FIX)
    hours = proof.age_seconds / 3600
    if hours > limit_hours:
        raise GateClosed(f"backup proof: {hours:.1f} h old, over {limit_hours:g} h", _FIX)
    proven = proof.revisions.get(app)
    if proven is None:
        raise GateClosed(f"backup proof: {proof.id} holds nothing of {app}, which has data now", _FIX)
    if sorted(proven) != sorted(revisions):
        raise GateClosed(
            f"backup proof: {proof.id} is older than the last migration: {_names(proven)} was restored,"
            f" the database is at {_names(revisions)}",
            _FIX,
        )
    return f"backup {proof.backup} restored {hours:.1f} h ago, limit {limit_hours:g} h; RTO {proof.rto_seconds:.0f} s"


def _names(revisions: Sequence[str]) -> str:
    return ", ".join(revisions) or "no revision"
