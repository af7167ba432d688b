"""A dump's schemas in place of those that a running database has, in one transaction: all of it, or nothing.

For a database that is somebody else's, where none can be built beside and renamed. Visitors wait for the locks and
then find the restored data. What belongs to extensions stays, and so does all that is outside of these schemas.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from infra.commands import Say, command, run
from infra.database.connection import Access, connected
from infra.database.dumps import LONGEST_SECONDS, pg_words, table_of
from infra.errors import CommandFailed, Rejected

# As text first: what one DROP takes along can no longer be asked for its name.
_EMPTY = """
DO $empty$
DECLARE
    statement text;
    statements text[];
BEGIN
    SELECT array_agg(line) INTO statements FROM (
        SELECT format('DROP %s IF EXISTS %I.%I CASCADE', CASE c.relkind WHEN 'v' THEN 'VIEW'
            WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
            n.nspname, c.relname) AS line
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY ({schemas}) AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
            AND NOT EXISTS (SELECT FROM pg_depend
                WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
        UNION ALL
        SELECT format('DROP ROUTINE IF EXISTS %I.%I(%s) CASCADE', n.nspname, p.proname,
            pg_get_function_identity_arguments(p.oid))
        FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE n.nspname = ANY ({schemas})
            AND NOT EXISTS (SELECT FROM pg_depend
                WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
        UNION ALL
        SELECT format('DROP TYPE IF EXISTS %I.%I CASCADE', n.nspname, t.typname)
        FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
            LEFT JOIN pg_class AS c ON c.oid = t.typrelid
        WHERE n.nspname = ANY ({schemas}) AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
            AND NOT EXISTS (SELECT FROM pg_depend
                WHERE classid = 'pg_type'::regclass AND objid = t.oid AND deptype = 'e')
    ) AS everything;
    FOREACH statement IN ARRAY coalesce(statements, ARRAY[]::text[]) LOOP
        EXECUTE statement;
    END LOOP;
END $empty$;
"""
# What other schemas have that may hang on these: triggers, policies, foreign keys, views.
_OUTSIDE = """
SELECT 'trigger ' || tgname || ' on ' || tgrelid::regclass FROM pg_trigger JOIN pg_class AS c ON c.oid = tgrelid
    WHERE NOT tgisinternal AND c.relnamespace::regnamespace::text <> ALL ({schemas})
UNION ALL SELECT 'policy ' || polname || ' on ' || polrelid::regclass
    FROM pg_policy JOIN pg_class AS c ON c.oid = polrelid
    WHERE c.relnamespace::regnamespace::text <> ALL ({schemas})
UNION ALL SELECT 'constraint ' || conname || ' on ' || conrelid::regclass FROM pg_constraint
    WHERE conrelid <> 0 AND connamespace::regnamespace::text <> ALL ({schemas})
UNION ALL SELECT 'relation ' || oid::regclass FROM pg_class
    WHERE relkind IN ('v', 'm') AND relnamespace::regnamespace::text <> ALL ({schemas})
        AND relnamespace::regnamespace::text !~ '^pg_(temp|toast)'
"""
_REMEMBER = """SET search_path = '';
CREATE TEMPORARY TABLE pipeline_outside ON COMMIT DROP AS SELECT * FROM ({outside}) AS found (name);
"""
_COMPARE = """
DO $compare$
DECLARE
    gone text;
BEGIN
    SELECT string_agg(name, ', ') INTO gone FROM (SELECT name FROM pipeline_outside EXCEPT ({outside})) AS lost;
    IF gone IS NOT NULL THEN
        RAISE EXCEPTION 'other schemas would lose %', gone;
    END IF;
END $compare$;
"""
# A table's place in a publication goes with the table (Supabase's realtime listens through one).
_PUBLISHED = """
SELECT format('ALTER PUBLICATION %%I ADD TABLE %%I.%%I', t.pubname, t.schemaname, t.tablename),
    format('%%I.%%I', t.schemaname, t.tablename)
FROM pg_publication_tables AS t JOIN pg_publication AS p ON p.pubname = t.pubname
WHERE t.schemaname = ANY (%s) AND NOT p.puballtables
    AND NOT EXISTS (SELECT FROM pg_publication_namespace WHERE pnpubid = p.oid)
"""
# Such as `on_auth_user_created`: a table outside whose trigger calls a function inside.
_CALLING = """
SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t
JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_proc AS p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND c.relnamespace::regnamespace::text <> ALL (%(schemas)s)
    AND p.pronamespace::regnamespace::text = ANY (%(schemas)s)
"""


def replace_schemas(access: Access, file: Path, schemas: Sequence[str], say: Say) -> None:
    """Raises Rejected, with everything as it was, when any of it cannot be. `file` is a dump made by `dumps`."""
    with connected(access) as connection:
        # Names come out with their schemas, as the script needs them.
        connection.execute("SET search_path = ''")
        script = _script(connection, file, schemas)
    place = file.with_name(f"{file.name}.sql")
    place.write_bytes(script)
    # Quiet: a line for each statement helps nobody. Our sessions may write where others may not for a while.
    words = pg_words("psql", access, "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
    variables = {**access.variables, "PGOPTIONS": "-c default_transaction_read_only=off"}
    try:
        run(command(*words, f"--file={place}", variables=variables, timeout_seconds=LONGEST_SECONDS), say=say)
    except CommandFailed as error:
        raise Rejected(
            f"{access.name} did not take the restored data, and has what it had: {error.tail.strip()}",
            "read the server's words; nothing was changed",
        ) from error


def _script(connection: psycopg.Connection, file: Path, schemas: Sequence[str]) -> bytes:
    """Remember, empty, fill, put back what hangs on it, compare."""
    names = list(schemas)
    array = sql.SQL("ARRAY[{}]::text[]").format(sql.SQL(", ").join(map(sql.Literal, names)))
    quoted = array.as_string(connection)
    outside = _OUTSIDE.format(schemas=quoted)
    published = connection.execute(_PUBLISHED, [names]).fetchall()
    calling = connection.execute(_CALLING, {"schemas": names}).fetchall()
    parts = [
        _REMEMBER.format(outside=outside).encode(),
        _EMPTY.format(schemas=quoted).encode(),
        _body(file, schemas),
        *(f"{definition};\n".encode() for (definition,) in calling),
        *(_published_again(statement, table) for statement, table in published),
        _COMPARE.format(outside=outside).encode(),
    ]
    return b"\n".join(parts)


def _body(file: Path, schemas: Sequence[str]) -> bytes:
    place = file.with_name(f"{file.name}.body")
    chosen = [f"--schema={schema}" for schema in schemas]
    words = (f"--use-list={table_of(file)}", f"--file={place}", str(file))
    run(command(*pg_words("pg_restore", None, "--no-owner", *chosen), *words, timeout_seconds=LONGEST_SECONDS))
    return place.read_bytes()


def _published_again(statement: str, table: str) -> bytes:
    check = f"IF to_regclass('{table.replace(chr(39), chr(39) * 2)}') IS NOT NULL THEN {statement}; END IF;"
    return f"DO $publish$ BEGIN {check} END $publish$;\n".encode()
