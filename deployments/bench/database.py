"""The `database` benchmark: its parts, each on a platform of its own that is gone afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any

from deployments.bench import database_backup, database_expand
from deployments.bench.backup_faults import measure_faults
from deployments.bench.backup_ground import ground
from deployments.bench.database_backup import measure_backup
from deployments.bench.database_damage import measure_damage
from deployments.bench.database_expand import measure_expand
from infra.commands import Say
from infra.errors import BadInput

PARTS = ("expand", "ways_back", "kills", "backup", "growth", "faults")


def measure_database(say: Say, only: Collection[str] = (), seed: int = 1) -> dict[str, Any]:
    """The figures of the parts asked for (all when none is named), and `seconds` that each took.

    Parts that share a large table or a grown database share one platform, and their seconds. Raises BadInput.
    """
    unknown = sorted(set(only) - set(PARTS))
    if unknown:
        raise BadInput("only", f"{unknown[0]!r} is no part", f"choose from: {', '.join(PARTS)}")
    parts = [part for part in PARTS if not only or part in only]
    found: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    for name, run in _runs(say, parts, seed).items():
        say(f"begins: {name}")
        began = time.monotonic()
        for key, value in run().items():
            found[key] = {**found.get(key, {}), **value} if isinstance(value, dict) else value
        seconds[name] = round(time.monotonic() - began, 1)
        say(f"{name} took {seconds[name]} s")
    return {**found, "seconds": seconds}


def _runs(say: Say, parts: list[str], seed: int) -> dict[str, Callable[[], dict[str, Any]]]:
    expands = [part for part in parts if part in database_expand.PARTS]
    backups = [part for part in parts if part in database_backup.PARTS]
    runs: dict[str, Callable[[], dict[str, Any]]] = {}
    if expands:
        runs[" + ".join(expands)] = lambda: _on_ground(say, expands, seed)
    if "ways_back" in parts:
        runs["ways_back c"] = lambda: {"ways_back": {"c": measure_damage(say)}}
    if backups:
        runs[" + ".join(backups)] = lambda: measure_backup(say, parts=backups)
    if "faults" in parts:
        runs["faults"] = lambda: {"faults": measure_faults(say)}
    return runs


def _on_ground(say: Say, parts: list[str], seed: int) -> dict[str, Any]:
    with ground(say) as stage:
        return measure_expand(stage.environment, say, seed=seed, parts=parts)
