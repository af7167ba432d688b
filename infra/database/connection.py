"""How to reach one Postgres, and the one place where its answers become our errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import LiteralString
from urllib.parse import parse_qs, quote, unquote, urlsplit

import psycopg
from psycopg import sql

from infra.errors import BadInput, Rejected, Unknown, Unreachable
from infra.ports import LOOPBACK

CONNECT_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_MS = 60_000
# How Postgres and Supabase's pooler say that there is no connection left: a matter of seconds, and no answer to us.
_FULL = ("too many clients", "too many connections", "connection slots", "max client", "maxclients")
SSL_MODES = ("", "disable", "allow", "prefer", "require", "verify-ca", "verify-full")


@dataclass(frozen=True)
class Access:
    """A role on a server. `name` is what messages call the server; `sslmode` is libpq's, empty for its default."""

    name: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str = "postgres"
    host: str = LOOPBACK
    sslmode: str = ""

    @property
    def url(self) -> str:
        """`postgresql://user:password@host:port/database`."""
        who = f"{_escaped(self.user)}:{_escaped(self.password)}"
        how = f"?sslmode={self.sslmode}" if self.sslmode else ""
        return f"postgresql://{who}@{self.host}:{self.port}/{_escaped(self.database)}{how}"

    @property
    def variables(self) -> dict[str, str]:
        """What Postgres's own programs need in their environment, where no other user can read it."""
        return {"PGPASSWORD": self.password} | ({"PGSSLMODE": self.sslmode} if self.sslmode else {})


def access_to(url: str, name: str = "the database") -> Access:
    """The access that a `postgresql://user:password@host:port/database` URL describes. Raises BadInput."""
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError as error:
        raise BadInput(
            "database URL", f"cannot be read: {error}", "give postgresql://user:password@host:port/name"
        ) from error
    if parts.scheme != "postgresql" or not (parts.hostname and parts.username and parts.path.strip("/")):
        problem = "must have a scheme, a user, a host and a database"
        raise BadInput("database URL", problem, "give postgresql://user:password@host:port/name")
    user, password = unquote(parts.username), unquote(parts.password or "")
    sslmode = parse_qs(parts.query).get("sslmode", [""])[0]
    if sslmode not in SSL_MODES:
        raise BadInput("database URL", f"sslmode {sslmode!r} does not exist", f"give one of {', '.join(SSL_MODES[1:])}")
    return Access(name, port, user, password, unquote(parts.path[1:]), parts.hostname, sslmode)


@contextmanager
def connected(access: Access) -> Iterator[psycopg.Connection]:
    """A connection in autocommit mode. Raises Unreachable, Rejected or Unknown for what happens inside too."""
    where = f"{access.name} at {access.host}:{access.port}/{access.database} as {access.user}"
    try:
        connection = psycopg.connect(
            access.url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            application_name="pipeline",
            # A peer that vanished is noticed within 20 s; the system's own defaults take up to two hours.
            keepalives_idle=5,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=15_000,
            options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS}",
        )
    except psycopg.Error as error:
        raise refused(error, where) from error
    with connection:
        try:
            yield connection
        except psycopg.OperationalError as error:
            raise lost(error, where) from error
        except psycopg.Error as error:
            raise Rejected(f"{where} said no: {said(error)}") from error


def refused(error: psycopg.Error, where: str) -> Unreachable | Rejected:
    """Why connecting failed. libpq gives an answer such as a wrong password no code of its own, only `FATAL:`."""
    text = said(error)
    if any(word in text.lower() for word in _FULL):
        return Unreachable(f"{where} has no connection left: {text}", "see who holds them: pg_stat_activity")
    if "FATAL:" not in text or "the database system is" in text:  # ... starting up, shutting down, in recovery
        return Unreachable(f"{where} does not answer: {text}", "is it up? see `pipeline status`")
    return Rejected(f"{where} refused the connection: {text}", "see the server's log; was its password changed?")


def lost(error: psycopg.OperationalError, where: str) -> Unknown | Rejected:
    """A server that answers with a code said no; one that falls silent leaves us not knowing."""
    if error.sqlstate and not error.sqlstate.startswith("57P"):
        return Rejected(f"{where} said no: {said(error)}")
    return Unknown(f"{where} fell silent in the middle: {said(error)}", "read back what it has before repeating")


def said(error: psycopg.Error) -> str:
    """The server's own words with its code, on one line."""
    words = " ".join(str(error).split())
    return f"{words} (SQLSTATE {error.sqlstate})" if error.sqlstate else words


def one(connection: psycopg.Connection, question: LiteralString | sql.Composed, *values: object) -> tuple[object, ...]:
    """The first row of the answer. Raises Rejected when there is none."""
    row = connection.execute(question, values).fetchone()
    if row is None:
        raise Rejected(f"asked {question!r} and got no row")
    return row


def has_row(connection: psycopg.Connection, question: LiteralString, *values: object) -> bool:
    """Whether the answer has any row."""
    return connection.execute(question, values).fetchone() is not None


def ensure_role(connection: psycopg.Connection, name: str, password: str, attributes: LiteralString = "") -> None:
    """Make a login role, or set its password again. Only the password's SCRAM verifier leaves this process."""
    exists = has_row(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", name)
    verb = sql.SQL("ALTER ROLE" if exists else "CREATE ROLE")
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL("{} {} LOGIN {} PASSWORD {}").format(
            verb, sql.Identifier(name), sql.SQL(attributes), sql.Literal(verifier)
        )
    )


def ensure_database(connection: psycopg.Connection, name: str, owner: str) -> None:
    """Make a database that only its owner may enter, where it is missing."""
    if not has_row(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name):
        make = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(make.format(sql.Identifier(name), sql.Identifier(owner)))
    close = sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC")
    connection.execute(close.format(sql.Identifier(name)))


def _escaped(part: str) -> str:
    return quote(part, safe="")
