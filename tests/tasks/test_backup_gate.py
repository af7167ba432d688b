"""The gate on backups opens for a young proof of the schema that is there now, and for nothing else."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from infra.database.proof import Proof
from tasks.gates.backups import check_proof
from tasks.outcomes import GateClosed

NOW = time.time()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite may take long; the proof must not age with it."""
    monkeypatch.setattr("infra.database.proof.time.time", lambda: NOW)


PROOF = Proof(
    id="20261123T020000-abc",
    time=NOW - 3600,
    cluster="1",
    server_version="18.6",
    backup="20261123T010000-12ab",
    backup_time=NOW - 7200,
    lsn="0/5000028",
    segments=2,
    raw_bytes=10,
    fetch_seconds=1,
    replay_seconds=2,
    check_seconds=3,
    rto_seconds=3,
    rpo_seconds=60,
    rows={"shop": {"public.orders": 4}},
    compared_rows=4,
    invariants=1,
    revisions={"shop": ["b", "a"]},
)


def test_a_young_proof_of_todays_schema_opens_the_gate() -> None:
    assert check_proof(PROOF, "shop", ["a", "b"], 26) == (
        "backup 20261123T010000-12ab restored 1.0 h ago, limit 26 h; RTO 3 s"
    )


def test_an_app_without_data_needs_no_proof() -> None:
    assert check_proof(None, "shop", None, 26) == "shop has no data yet"


@pytest.mark.parametrize(
    ("proof", "app", "said"),
    [
        (None, "shop", "was ever restored and checked"),
        (replace(PROOF, time=NOW - 27 * 3600), "shop", "27.0 h old, over 26 h"),
        (PROOF, "other", "holds nothing of other"),
        (replace(PROOF, revisions={"shop": ["a"]}), "shop", "older than the last migration: a was restored"),
    ],
)
def test_anything_else_closes_it(proof: Proof | None, app: str, said: str) -> None:
    with pytest.raises(GateClosed, match=said):
        check_proof(proof, app, ["a", "b"], 26)
