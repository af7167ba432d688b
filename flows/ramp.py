"""From the candidate in its slot to everyone on what is new: by traffic, or by the version's feature flag."""

from __future__ import annotations

from infra.edge import Route, Slot
from tasks.ramp_canary import ramp_canary
from tasks.ramp_flag import goes_by_flag, ramp_flag, turn_flag_off, turn_flag_on
from tasks.release import Release
from tasks.shift_traffic import promote
from tasks.watch import watch


def ramp(order: Release, slot: Slot, url: str, route: Route) -> None:
    """Step by step, each on evidence. With nothing live there is nobody to protect: no step is taken.

    Raises CanaryFailed (visitors are off what failed by then), Undecided, Aborted, GateClosed.
    """
    if goes_by_flag(order):
        _by_flag(order, slot, url, route)
    elif route.live:
        _by_traffic(order, slot)


def _by_traffic(order: Release, slot: Slot) -> None:
    evidence = ""
    for weight in order.settings.canary.weights:
        evidence = ramp_canary(order, slot, weight, evidence).evidence


def _by_flag(order: Release, slot: Slot, url: str, route: Route) -> None:
    """The code first, for everyone and dark; what it does second."""
    if route.live is None:
        turn_flag_on(order)
        return
    turn_flag_off(order)
    promote(order, slot)
    watch(order, slot, url, order.settings.watch.seconds, "dark")
    evidence = ""
    for weight in order.settings.canary.weights:
        evidence = ramp_flag(order, slot, weight, evidence).evidence
