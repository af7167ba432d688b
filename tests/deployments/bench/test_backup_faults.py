"""Whatever is wrong with a backup is refused, by a message that names it, and leaves no new proof."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployments.bench.backup_faults import FAULTS, Fault, ask_gate, attempt, prepare, verify
from deployments.bench.backup_ground import Ground, ground
from deployments.bench.backup_outages import can_mount
from tasks.outcomes import GateClosed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stage() -> Iterator[Ground]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PIPELINE_STATE", raising=False)
        with ground(print) as found:
            found.fill(5)
            found.ask("CREATE TABLE alembic_version (version_num text)")
            found.database.snapshot("first", print)
            yield found


def test_the_gate_is_closed_until_a_backup_was_restored_and_opens_then(stage: Ground) -> None:
    with pytest.raises(GateClosed, match="no backup of this cluster was ever restored"):
        ask_gate(stage)
    prepare(stage)
    assert "restored 0.0 h ago" in str(ask_gate(stage))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_named_gives_no_proof_and_closes_the_gate(stage: Ground, fault: Fault) -> None:
    if fault.needs_root and not can_mount():
        pytest.skip("a small disk can be mounted by root only")
    proofs = len(stage.archive.objects.list(stage.archive.place("proofs", "")))
    refusal = attempt(stage, fault)
    assert (refusal.is_named, refusal.closes_gate) == (True, True), refusal
    if fault.meets is verify:
        assert len(stage.archive.objects.list(stage.archive.place("proofs", ""))) == proofs


def test_all_is_well_again_when_the_faults_are_mended(stage: Ground) -> None:
    verify(stage)
    assert ask_gate(stage)
