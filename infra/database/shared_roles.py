"""The roles that row-level-security policies written for Supabase name: there in every cluster, owned by no app.

Source: Supabase's `init-scripts/00000000000000-initial-schema.sql` (NOLOGIN NOINHERIT; service_role BYPASSRLS).
"""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg import sql

from infra.database.connection import has_row

SHARED_ROLES: dict[str, LiteralString] = {
    "anon": "NOLOGIN NOINHERIT",
    "authenticated": "NOLOGIN NOINHERIT",
    "service_role": "NOLOGIN NOINHERIT BYPASSRLS",
}


def ensure_shared_roles(connection: psycopg.Connection) -> None:
    """Make those that are missing; one that is there keeps its attributes. Needs the superuser's rights."""
    for name, attributes in SHARED_ROLES.items():
        if not has_row(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", name):
            # `pipeline up` and a release may both find it missing.
            make = sql.SQL(
                "DO $$ BEGIN CREATE ROLE {} {}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
            connection.execute(make.format(sql.Identifier(name), sql.SQL(attributes)))


def let_become_shared_roles(connection: psycopg.Connection, role: str) -> None:
    """An app's role may `SET ROLE` to each of them, as Supabase's own API does; it inherits nothing."""
    names = sql.SQL(", ").join(map(sql.Identifier, SHARED_ROLES))
    grant = sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE")
    connection.execute(grant.format(names, sql.Identifier(role)))
