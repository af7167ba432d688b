"""What the Postgres clusters of one environment are told: who may enter, how much they take, where the log goes."""

from __future__ import annotations

from pathlib import Path

from infra.database.archive import Archive
from infra.database.connection import Access
from infra.environment import Environment
from infra.errors import Rejected
from infra.files import write_atomically
from infra.local.credentials import local_credentials
from infra.local.object_store import BACKUP_BUCKET, endpoint

REPLICATION_ROLE = "replication"
ACCESS_RULES = """\
# Everybody shows a password, also on this machine.
host all all 127.0.0.1/32 scram-sha-256
host replication replication 127.0.0.1/32 scram-sha-256
"""
COMMON = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # A statement ends when the client that waited for it has died.
    "client_connection_check_interval": "5s",
}


def postgres_folder(environment: Environment) -> Path:
    """Where the data folders of all clusters are."""
    return environment.state / "postgres"


def superuser(environment: Environment, name: str, port: int) -> Access:
    """The way in with all rights."""
    return Access(name, port, "postgres", local_credentials(environment.state).postgres)


def replicator(environment: Environment, port: int) -> Access:
    """The way in for copying a whole cluster."""
    return Access("replication", port, REPLICATION_ROLE, local_credentials(environment.state).replication)


def protected_settings(port: int, archive: Archive) -> dict[str, str]:
    """For the app data: replicated, archived, ready for logical decoding and for incremental copies."""
    return COMMON | {
        "port": str(port),
        "wal_level": "logical",
        "archive_mode": "on",
        "archive_command": archive.archive_command(),
        "archive_timeout": "60s",
        "summarize_wal": "on",
        "max_wal_senders": "10",
        "max_replication_slots": "10",
        # A standby that is away for longer is built anew; the disk of the primary comes first.
        "max_slot_wal_keep_size": "1GB",
        "wal_sender_timeout": "15s",
        "wal_receiver_timeout": "15s",
        "wal_retrieve_retry_interval": "500ms",
    }


def plain_settings(port: int) -> dict[str, str]:
    """For data that can be made again: no replication, no archive."""
    return COMMON | {"port": str(port), "wal_level": "minimal", "max_wal_senders": "0"}


def system_identifier(folder: Path) -> str:
    """The number that a cluster keeps for life, as do its copies: the first eight bytes of its control file.

    Source: `ControlFileData` in Postgres's src/include/catalog/pg_control.h.
    """
    with (folder / "global" / "pg_control").open("rb") as stream:
        return str(int.from_bytes(stream.read(8), "little"))


def remember_identity(environment: Environment, folder: Path) -> None:
    """Write down which cluster this environment has, so that its archive is found even when its folder is lost."""
    write_atomically(_identity(environment), system_identifier(folder))


def known_identity(environment: Environment) -> str:
    """The identifier written down; empty when this environment never had a primary."""
    path = _identity(environment)
    return path.read_text().strip() if path.exists() else ""


def archive_of(environment: Environment) -> Archive:
    """The archive of this environment's cluster. A new cluster never writes into the archive of another one.

    Raises Rejected when there is no cluster yet.
    """
    identity = known_identity(environment)
    if not identity:
        raise Rejected(f"environment {environment.name} has no database cluster yet", "run `pipeline up`")
    credentials = local_credentials(environment.state)
    return Archive(
        endpoint(environment),
        BACKUP_BUCKET,
        identity,
        credentials.object_store_key,
        credentials.object_store_secret,
        credentials.backup_key,
    )


def _identity(environment: Environment) -> Path:
    return postgres_folder(environment) / "system-identifier"
