"""Logical backups: `pg_dump` at one exact moment, sealed and listed in the catalog, with the rows counted at it.

For a database whose files and log are out of reach. There is no log, so what was written after a dump is not in it.
"""

from __future__ import annotations

import re
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from infra.commands import Say, command, run
from infra.database.archive import Archive
from infra.database.catalog import Backup, backup_folder, write_entry
from infra.database.census import Counts, count_tables
from infra.database.connection import Access, connected, one
from infra.database.pieces import fetch_pieces, store_pieces
from infra.database.revisions import revisions
from infra.database.sealing import PIECE_BYTES
from infra.database.signing import signed, verified
from infra.database.visible import Visible, visible
from infra.errors import CommandFailed, Rejected
from infra.files import make_folder
from infra.local.postgres_binaries import postgres_command

CONTENTS = "contents.json"
LONGEST_SECONDS = 4 * 3600.0
_SCHEMA_ITSELF = re.compile(r"\d+; \d+ \d+ (SCHEMA|COMMENT) - ")
_POSITION = """
SELECT current_setting('server_version'), pg_current_wal_lsn()::text,
    ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int, pg_export_snapshot(),
    pg_current_snapshot()::text
"""
_EXTENSIONS = """
SELECT e.extname, n.nspname, coalesce(array_agg(
    format('%I.%I(%s) RETURNS %s', f.nspname, p.proname, pg_get_function_identity_arguments(p.oid),
        pg_get_function_result(p.oid)) ORDER BY p.oid) FILTER (WHERE p.prokind = 'f'), '{}')
FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
LEFT JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
    AND d.classid = 'pg_proc'::regclass
LEFT JOIN pg_proc AS p ON p.oid = d.objid LEFT JOIN pg_namespace AS f ON f.oid = p.pronamespace
GROUP BY 1, 2 ORDER BY 1
"""


@dataclass(frozen=True)
class Contents:
    """What a dump holds, signed beside it. `rows` by app and table, counted at its very moment.

    `roles` and `extensions` (name, schema, and its functions as `name(arguments) RETURNS type`) are not in it, and
    have to be there before it is restored. `transactions` is its snapshot, as Postgres prints it: a position in the
    log, read beside it, is a moment later, and what was committed in between would be taken for known.
    """

    rows: Counts
    schemas: tuple[str, ...]
    roles: tuple[str, ...]
    extensions: tuple[tuple[str, str, tuple[str, ...]], ...]
    transactions: str = ""

    @property
    def seen(self) -> Visible:
        """The transactions that are in it."""
        return visible(self.transactions)


def dump(
    archive: Archive, access: Access, app: str, schemas: Sequence[str], name: str, folder: Path, say: Say
) -> Backup:
    """Make one and list it. `folder` is on a disk with room for it; nothing stays there.

    Raises CommandFailed with pg_dump's words, Unreachable when the store falls silent. What a failed one leaves is
    no backup and goes with the next retention.
    """
    begun = time.time()
    id = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(begun))}-{secrets.token_hex(2)}"
    with scratch_file(folder) as file, connected(access) as session:
        moment = _begin(session)
        contents = _contents(session, app, schemas, moment.transactions)
        dump_plain(access, contents.schemas, file, say, f"--snapshot={moment.snapshot}")
        pieces = tuple(store_pieces(archive, backup_folder(archive, id), _pieces_of(file)))
        made = Backup(
            id=id,
            name=name,
            cluster=archive.cluster,
            server_version=moment.server_version,
            timeline=moment.timeline,
            begin_lsn=moment.lsn,
            end_lsn=moment.lsn,
            begun=begun,
            ended=time.time(),
            raw_bytes=file.stat().st_size,
            pieces=pieces,
            revisions={app: revisions(access, access.database)},
        )
    key = backup_folder(archive, id) + CONTENTS
    archive.objects.put(key, signed(archive.key, key, asdict(contents)), "application/json")
    write_entry(archive, made)
    rows = sum(contents.rows[app].values())
    say(f"dump {made.id}: {rows} rows, {made.raw_bytes} bytes as {made.bytes}, in {made.seconds:.1f} s")
    return made


def read_contents(archive: Archive, backup: Backup) -> Contents:
    """What a dump holds. Raises Rejected when its record is missing or was changed."""
    key = backup_folder(archive, backup.id) + CONTENTS
    stored = archive.objects.get(key)
    if stored is None:
        raise Rejected(f"backup {backup.id} lacks {key}", "make a new backup now")
    found = verified(archive.key, key, stored)
    extensions = tuple((str(name), str(schema), tuple(made)) for name, schema, made in found["extensions"])
    return Contents(found["rows"], tuple(found["schemas"]), tuple(found["roles"]), extensions, found["transactions"])


def fetch_dump(archive: Archive, backup: Backup, file: Path) -> None:
    """The dump as `file`. Raises Rejected for a piece that is missing or damaged, and for a wrong length."""
    with file.open("wb") as stream:
        for content in fetch_pieces(archive, backup.pieces):
            stream.write(content)
    found = file.stat().st_size
    if found != backup.raw_bytes:
        raise Rejected(f"backup {backup.id} has {found} bytes, the catalog says {backup.raw_bytes}", "use another")


def restore_dump(access: Access, file: Path, say: Say) -> None:
    """`pg_restore` into schemas that are there and empty, up to the first error. Raises CommandFailed."""
    words = pg_words("pg_restore", access, "--exit-on-error", "--no-owner", f"--use-list={table_of(file)}", str(file))
    run(command(*words, variables=access.variables, timeout_seconds=LONGEST_SECONDS), say=say)


def table_of(file: Path) -> Path:
    """A dump's table of contents beside it, without the schemas themselves: extensions may live in one."""
    listed = run(command(*pg_words("pg_restore", None, "--list", str(file)))).output.splitlines()
    place = file.with_name(f"{file.name}.list")
    place.write_text("".join(f"{line}\n" for line in listed if not _SCHEMA_ITSELF.match(line)))
    return place


@dataclass(frozen=True)
class _Moment:
    server_version: str
    lsn: str
    timeline: int
    snapshot: str
    transactions: str


def _begin(session: psycopg.Connection) -> _Moment:
    """From here on the session sees one moment, which pg_dump can share as long as the session is open."""
    session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    session.execute("SET LOCAL statement_timeout = 0")
    version, lsn, timeline, snapshot, transactions = one(session, _POSITION)
    return _Moment(str(version), str(lsn), int(str(timeline)), str(snapshot), str(transactions))


def _contents(session: psycopg.Connection, app: str, schemas: Sequence[str], transactions: str) -> Contents:
    found = session.execute("SELECT nspname FROM pg_namespace WHERE nspname = ANY(%s)", [list(schemas)]).fetchall()
    there = tuple(schema for schema in schemas if (schema,) in found)
    if not there:
        raise Rejected(f"none of the schemas {', '.join(schemas)} exists", "see supabase.backup_schemas")
    roles = session.execute("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1").fetchall()
    extensions = session.execute(_EXTENSIONS).fetchall()
    return Contents(
        {app: count_tables(session, there)},
        there,
        tuple(str(name) for (name,) in roles),
        tuple((str(name), str(schema), tuple(functions)) for name, schema, functions in extensions),
        transactions,
    )


def dump_plain(access: Access, schemas: Sequence[str], file: Path, say: Say, *options: str) -> None:
    """`pg_dump` of some schemas into a file, without sealing or listing it. Raises CommandFailed with its words."""
    chosen = [f"--schema={schema}" for schema in schemas]
    # What is sealed is compressed there.
    words = pg_words("pg_dump", access, "--format=custom", "--compress=none", f"--file={file}", *options, *chosen)
    try:
        run(command(*words, variables=access.variables, timeout_seconds=LONGEST_SECONDS), say=say)
    except CommandFailed as error:
        raise CommandFailed(
            "pg_dump", error.code, error.tail, "may the role read every schema that it dumps?"
        ) from error


def pg_words(program: str, access: Access | None, *options: str) -> list[str]:
    """A Postgres program, told where to connect when `access` is given; the password goes through its environment."""
    if access is None:
        return postgres_command(program, *options)
    where = (f"--host={access.host}", f"--port={access.port}", f"--username={access.user}", "--no-password")
    return postgres_command(program, *where, f"--dbname={access.database}", *options)


def _pieces_of(file: Path) -> Iterator[bytes | None]:
    with file.open("rb") as stream:
        while content := stream.read(PIECE_BYTES):
            yield content


@contextmanager
def scratch_file(folder: Path) -> Iterator[Path]:
    """A name for a dump below `folder`; what is written there or beside it goes at the end."""
    with tempfile.TemporaryDirectory(dir=make_folder(folder), prefix="dump-") as inside:
        yield Path(inside) / "dump"
