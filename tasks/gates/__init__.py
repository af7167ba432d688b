"""Questions that are open or closed. A gate returns the fact that opened it, or raises GateClosed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tasks.outcomes import GateClosed

Gate = Callable[[], str]


@dataclass(frozen=True)
class GateResult:
    """One row of the table that people see."""

    gate: str
    is_open: bool
    fact: str


def ask(gates: Mapping[str, Gate]) -> list[GateResult]:
    """Every gate once, also behind a closed one: people want the whole table."""
    return [_ask(name, gate) for name, gate in gates.items()]


def check_all_open(results: list[GateResult]) -> None:
    """Raises GateClosed with the facts of all closed gates."""
    closed = [result for result in results if not result.is_open]
    if closed:
        raise GateClosed("; ".join(result.fact for result in closed), "mend what the gate names, then release again")


def _ask(name: str, gate: Gate) -> GateResult:
    try:
        return GateResult(name, True, gate())
    except GateClosed as closed:
        return GateResult(name, False, closed.message)
