"""The expansion of a schema, whole: looked through, applied, read back, and proven by the live version's own tests."""

from __future__ import annotations

from tasks.expand_schema import expand_schema, verify_schema
from tasks.find_live import find_live
from tasks.prove_schema import prove_schema
from tasks.release import Release
from tasks.smoke_test import smoke_test


def expand(order: Release) -> str:
    """One line on what is proven. Raises GateClosed when the live version fails its own tests on the new schema:
    then nobody could go back to it."""
    return verify(order, expand_schema(order))


def verify(order: Release, expected: tuple[str, ...]) -> str:
    """The schema is at `expected`, its data is as it must be, and the live version works on it."""
    verify_schema(order, expected)
    live = find_live(order)
    if live:
        smoke_test(*live)
    return prove_schema(order)
