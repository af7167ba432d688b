"""Passwords and keys of the local platform: made once, at random, kept in one file that only its owner may read."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from infra.errors import BadInput
from infra.files import write_atomically
from infra.redaction import remember_secrets


@dataclass(frozen=True)
class Credentials:
    """Each a random text. `postgres` is the superuser's password, `replication` the standby's."""

    postgres: str
    replication: str
    control_postgres: str
    object_store_key: str
    object_store_secret: str
    backup_key: str


def local_credentials(state: Path) -> Credentials:
    """The credentials of the platform below `state`, made on first use; redacted from then on."""
    path = state / "credentials.json"
    if not path.exists():
        write_atomically(path, json.dumps(asdict(_new())))
    try:
        found = Credentials(**json.loads(path.read_text()))
    except (json.JSONDecodeError, TypeError) as error:
        raise BadInput(str(path), f"is damaged: {error}", "restore it, or remove the whole state folder") from error
    remember_secrets(asdict(found).values())
    return found


def app_password(state: Path, app: str) -> str:
    """The password of an app's database role, made on first use."""
    path = state / "apps" / app / "database-password"
    if not path.exists():
        write_atomically(path, secrets.token_urlsafe(24))
    password = path.read_text().strip()
    remember_secrets([password])
    return password


def encryption_key(state: Path) -> str:
    """What Prefect's blocks are sealed with, made on first use; its form is Fernet's."""
    path = state / "prefect" / "encryption-key"
    if not path.exists():
        write_atomically(path, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    key = path.read_text().strip()
    remember_secrets([key])
    return key


def _new() -> Credentials:
    return Credentials(*(secrets.token_urlsafe(24) for _ in fields(Credentials)))
