"""The types of the credential blocks on a server: registered, so that the UI has a form for each."""

from __future__ import annotations

from functools import partial

from prefect.blocks.core import Block

from deployments.registration.changes import Step, step_towards
from deployments.registration.credentials import CREDENTIALS
from deployments.registration.registry import Registry


def block_type_steps(registry: Registry) -> list[Step]:
    """Add what is missing. Blocks that people filled in are theirs: never read here, changed or removed."""
    return [step for kind in CREDENTIALS for step in _steps(registry, kind)]


def _steps(registry: Registry, kind: type[Block]) -> list[Step]:
    slug, checksum = kind.get_block_type_slug(), kind._calculate_schema_checksum()
    row = registry.find(f"/block_types/slug/{slug}")
    after = {"description": kind.get_description(), "schema": checksum}
    before = None
    if row:
        known = registry.find(f"/block_schemas/checksum/{checksum}")
        before = {"description": row["description"], "schema": checksum if known else "another"}
    return step_towards("block type", slug, before, after, partial(_register, registry, kind))


def _register(registry: Registry, kind: type[Block]) -> None:
    with registry.by_prefect(f"registering block type {kind.get_block_type_slug()}"):
        kind.register_type_and_schema()
