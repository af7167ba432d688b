"""A digest of a database's schema, from Postgres's own catalog: equal digests mean the same schema.

Columns count by name, not by position: Postgres cannot put a dropped column back where it was. Rows, owners,
grants and the next values of sequences do not count, nor do the tables that keep count of revisions, the pipeline's
own schema, and what Supabase adds and drops by itself (a partition of realtime.messages for each day).
"""

from __future__ import annotations

import hashlib

from infra.database.connection import Access, connected

_CATALOG = """
WITH spaces AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'release_pipeline')
), foreign_to_us AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), relations AS (
    SELECT c.*, n.nspname FROM pg_class c JOIN spaces n ON n.oid = c.relnamespace
    WHERE c.relkind <> 't' AND c.relname NOT IN (
        'alembic_version', 'alembic_version_pkc', 'pipeline_schema_history', 'pipeline_schema_history_pkey',
        'pipeline_backfills', 'pipeline_backfills_pkey'
    )
    AND NOT EXISTS (SELECT FROM foreign_to_us WHERE classid = 'pg_class'::regclass AND objid = c.oid)
    AND NOT (c.relispartition AND pg_get_userbyid(c.relowner) LIKE 'supabase\\_%')
), types AS (
    SELECT t.*, n.nspname FROM pg_type t JOIN spaces n ON n.oid = t.typnamespace
    WHERE NOT EXISTS (SELECT FROM foreign_to_us WHERE classid = 'pg_type'::regclass AND objid = t.oid)
), routines AS (
    SELECT p.*, n.nspname FROM pg_proc p JOIN spaces n ON n.oid = p.pronamespace
    WHERE NOT EXISTS (SELECT FROM foreign_to_us WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
), lines (kind, name, definition) AS (
    SELECT 'schema', nspname::text, '' FROM spaces
    UNION ALL SELECT 'extension', extname::text, extversion FROM pg_extension
    UNION ALL SELECT 'relation', format('%I.%I', nspname, relname),
        concat_ws('|', relkind, relpersistence, relrowsecurity, relforcerowsecurity, reloptions,
                  pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid))
        FROM relations
    UNION ALL SELECT 'column', format('%I.%I.%I', r.nspname, r.relname, a.attname),
        concat_ws('|', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
                  a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid))
        FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
        WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    UNION ALL SELECT 'constraint', format('%I.%I.%I', r.nspname, r.relname, k.conname),
        concat_ws('|', pg_get_constraintdef(k.oid), k.convalidated, k.condeferrable, k.condeferred)
        FROM relations r JOIN pg_constraint k ON k.conrelid = r.oid
    UNION ALL SELECT 'index', format('%I.%I', r.nspname, r.relname),
        concat_ws('|', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready)
        FROM relations r JOIN pg_index i ON i.indexrelid = r.oid
    UNION ALL SELECT 'view', format('%I.%I', nspname, relname), pg_get_viewdef(oid)
        FROM relations WHERE relkind IN ('v', 'm')
    UNION ALL SELECT 'rule', format('%I.%I.%I', r.nspname, r.relname, w.rulename), pg_get_ruledef(w.oid)
        FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'
    UNION ALL SELECT 'policy', format('%I.%I.%I', r.nspname, r.relname, p.polname),
        concat_ws('|', p.polcmd, p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, r.oid),
                  pg_get_expr(p.polwithcheck, r.oid))
        FROM relations r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL SELECT 'trigger', format('%I.%I.%I', r.nspname, r.relname, t.tgname),
        concat_ws('|', pg_get_triggerdef(t.oid), t.tgenabled)
        FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
    UNION ALL SELECT 'sequence', format('%I.%I', r.nspname, r.relname),
        concat_ws('|', format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle)
        FROM relations r JOIN pg_sequence s ON s.seqrelid = r.oid
    UNION ALL SELECT 'routine', format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(oid)),
        CASE WHEN prokind = 'a' THEN 'aggregate' ELSE pg_get_functiondef(oid) END
        FROM routines
    UNION ALL SELECT 'enum', format('%I.%I', t.nspname, t.typname),
        (SELECT string_agg(enumlabel, '|' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)
        FROM types t WHERE t.typtype = 'e'
    UNION ALL SELECT 'domain', format('%I.%I', t.nspname, t.typname),
        concat_ws('|', format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
                  (SELECT string_agg(pg_get_constraintdef(oid), '|' ORDER BY conname)
                   FROM pg_constraint WHERE contypid = t.oid))
        FROM types t WHERE t.typtype = 'd'
)
SELECT kind, name, coalesce(definition, '') FROM lines
"""


def schema_lines(access: Access) -> list[tuple[str, str, str]]:
    """Every part of the schema as (kind, name, definition), in a fixed order."""
    with connected(access) as connection:
        # With no search path, every name in a definition is written in full.
        connection.execute("SET search_path = ''")
        return sorted((str(kind), str(name), str(text)) for kind, name, text in connection.execute(_CATALOG))


def fingerprint_of(access: Access) -> str:
    """SHA-256 over all of `schema_lines`, in hexadecimal."""
    digest = hashlib.sha256()
    for line in schema_lines(access):
        digest.update("\x1f".join(line).encode() + b"\x1e")
    return digest.hexdigest()
