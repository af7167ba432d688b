"""The rules of `rules.toml`, and which parts of SQL each is about.

An expand revision runs beside a live version that does not know it, so it only adds. A contract revision may take
away, but it too runs beside visitors: no long locks, no rewritten tables, no rows changed wholesale.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Rule:
    """`on_contract`: it holds there too. One that is not blocking is advice."""

    name: str
    why: str
    rewrite: str
    on_contract: bool
    is_blocking: bool


@functools.cache
def rules() -> dict[str, Rule]:
    """All of `rules.toml`, by name."""
    table = tomllib.loads((Path(__file__).parent / "rules.toml").read_text())
    return {
        name: Rule(name, one["why"], one["rewrite"], one.get("contract", False), not one.get("advice", False))
        for name, one in table.items()
    }


# Kinds of squawk's tree that break a rule wherever they stand, unless the table was made by a pending revision.
BY_KIND = {
    "TRUNCATE": "truncate",
    "MERGE": "merge",
    "RENAME_COLUMN": "rename",
    "RENAME_VALUE": "rename",
    "RENAME_ATTRIBUTE": "rename",
    "RENAME_CONSTRAINT": "changes-in-place",
    "SET_TYPE": "change-type",
    "ALTER_ATTRIBUTE": "change-type",
    "ADD_GENERATED": "rewrites-table",
    "SET_EXPRESSION": "rewrites-table",
    "SET_LOGGED": "rewrites-table",
    "SET_UNLOGGED": "rewrites-table",
    "SET_TABLESPACE": "rewrites-table",
    "SET_ACCESS_METHOD": "rewrites-table",
    "SET_SCHEMA": "rename",
    "OWNER_TO": "takes-rights-away",
    "CLUSTER": "heavy-lock",
    "LOCK": "heavy-lock",
    "ENABLE_RLS": "row-security-on-existing",
    "FORCE_RLS": "row-security-on-existing",
    "DISABLE_RLS": "row-security-off",
    "NO_FORCE_RLS": "row-security-off",
    "DISABLE_TRIGGER": "switches-off-trigger",
    "DISABLE_RULE": "switches-off-trigger",
    "REVOKE": "takes-rights-away",
    "REVOKE_DEFAULT_PRIVILEGES": "takes-rights-away",
    "AS_POLICY_TYPE": "row-security-on-existing",
    "ALTER_POLICY": "changes-in-place",
    "CREATE_RULE": "changes-in-place",
    "DETACH_PARTITION": "drop-on-expand",
    "NO_INHERIT_TABLE": "drop-on-expand",
    "DROP_COLUMN": "drop-on-expand",
    "DROP_ATTRIBUTE": "drop-on-expand",
    "DROP_CONSTRAINT": "drop-on-expand",
    "DROP_DEFAULT": "drop-on-expand",
    "DROP_EXPRESSION": "drop-on-expand",
    "DROP_IDENTITY": "drop-on-expand",
    "DROP_DATABASE": "drops-everything",
    "DROP_SCHEMA": "drops-everything",
    "DROP_OWNED": "drops-everything",
    "DROP_ROLE": "drops-everything",
    "DROP_USER": "drops-everything",
    "DROP_TABLESPACE": "drops-everything",
    "DROP_EXTENSION": "drop-on-expand",
}
