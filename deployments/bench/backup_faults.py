"""All that can be wrong with a backup, done to a real one: each is refused by name, and closes the release gate."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any

from deployments.bench import backup_damage as damage
from deployments.bench import backup_outages as outages
from deployments.bench.backup_ground import APP, Ground, ground
from infra.commands import Say
from infra.database.verification import Verification
from infra.errors import PipelineError
from tasks.gates.backups import check_proof

Breaking = Callable[[Ground], AbstractContextManager[None]]
_MEGABYTES = 60  # enough for the store to die in the middle of a backup


@dataclass(frozen=True)
class Fault:
    """`says` is part of what the refusal has to say. `meets`: what has to refuse it, before the gate is asked."""

    name: str
    breaks: Breaking
    says: str
    meets: Callable[[Ground], object | None]
    needs_root: bool = False


@dataclass(frozen=True)
class Refusal:
    """Both messages are empty where the fault passed unnoticed."""

    fault: str
    message: str
    gate: str
    is_named: bool
    closes_gate: bool


def measure_faults(say: Say, faults: Sequence[Fault] | None = None) -> dict[str, Any]:
    """`tried`, `refused` (by a message that names the fault), `gate_closed` (likewise), and a row for each."""
    wanted = [one for one in (FAULTS if faults is None else faults) if outages.can_mount() or not one.needs_root]
    with ground(say) as stage:
        prepare(stage)
        rows = []
        for number, fault in enumerate(wanted, 1):
            rows.append(attempt(stage, fault))
            say(f"fault {number} of {len(wanted)}: {rows[-1]}")
    return {
        "tried": len(rows),
        "refused": sum(one.is_named for one in rows),
        "gate_closed": sum(one.closes_gate for one in rows),
        "rows": [asdict(one) for one in rows],
    }


def prepare(stage: Ground) -> None:
    """A small database with a schema, a sound backup and a proof of it, so that the gate is open."""
    stage.fill(_MEGABYTES)
    stage.ask("CREATE TABLE IF NOT EXISTS alembic_version (version_num text)")
    stage.database.snapshot("sound", stage.say)
    verify(stage)


def attempt(stage: Ground, fault: Fault) -> Refusal:
    """Break it, ask for what must refuse, ask the release gate, mend it."""
    with fault.breaks(stage):
        said, named = _answer(lambda: fault.meets(stage), fault)
        gate, closes = _answer(lambda: ask_gate(stage), fault)
    return Refusal(fault.name, said, gate, named, closes)


def verify(stage: Ground) -> object:
    """The whole verification."""
    return Verification(stage.environment, stage.say).run()


def ask_gate(stage: Ground) -> object:
    """What a release asks before it touches data."""
    limits = stage.environment.gates
    proof = stage.recovery.newest_proof()
    return check_proof(proof, APP, stage.recovery.revisions().get(APP), limits.backup_proof_max_age_hours)


def _answer(ask: Callable[[], object], fault: Fault) -> tuple[str, bool]:
    """What was answered in place of a yes, and whether it names the fault."""
    try:
        ask()
    except PipelineError as error:
        return error.message.strip(), fault.says in str(error)
    return "", False


def _back_up(stage: Ground) -> object:
    return stage.database.snapshot(f"unlucky-{time.time_ns()}", stage.say)


FAULTS = (
    Fault("one byte of a backup flipped", damage.flipped, "is damaged", verify),
    Fault("a backup's object cut short", damage.cut, "it was cut short or replaced", verify),
    Fault("a backup's object missing", damage.gone, "lacks", verify),
    Fault("a backup's record changed", damage.record_changed, "was changed after it was signed", verify),
    Fault("a segment of the log missing", damage.hole, "has a hole", verify),
    Fault("the newest segment of the log missing", damage.end_lost, "has a hole", verify),
    Fault("one byte of the log flipped", damage.segment_flipped, "is damaged", verify),
    Fault("another encryption key", damage.other_key, "and the key here is", verify),
    Fault("a stale backup", damage.stale, "is stale", verify),
    Fault("a backup of another cluster", damage.of_another_cluster, "and this is cluster", verify),
    Fault("a backup older than the last migration", damage.migrated_since, "older than the last migration", ask_gate),
    Fault("an old proof", damage.old_proof, "h old, over", ask_gate),
    Fault("the object store dies during a backup", outages.store_dies, "is the object store up?", _back_up),
    Fault("no room for a restore", outages.small_disk, "bytes of room", verify, needs_root=True),
    Fault("the disk fills during a restore", outages.filling_disk, "is full", verify, needs_root=True),
)
