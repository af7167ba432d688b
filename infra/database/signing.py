"""Signed records: JSON that nobody without the backup key can write or change, bound to the name it lies under."""

from __future__ import annotations

import hmac
import json
from typing import Any

from infra.database.sealing import Key
from infra.errors import Rejected


def signed(key: Key, name: str, table: dict[str, Any]) -> bytes:
    """The record with its signature, as it is stored under `name`."""
    content = _canonical(table)
    return json.dumps({"record": table, "key": key.id, "signature": key.signature(name, content)}, indent=1).encode()


def verified(key: Key, name: str, stored: bytes) -> dict[str, Any]:
    """The record again. Raises Rejected when it is cut short, changed, moved or signed with another key."""
    try:
        found = json.loads(stored)
        table, signer, signature = found["record"], found["key"], found["signature"]
    except (ValueError, KeyError, TypeError) as error:
        raise Rejected(f"record {name} is damaged: {error!r} in its {len(stored)} bytes", "use another") from error
    if signer != key.id:
        raise Rejected(
            f"record {name} was signed with key {signer}, and the key here is {key.id}",
            "put the key it was made with into the credentials (backup_key)",
        )
    if not hmac.compare_digest(str(signature), key.signature(name, _canonical(table))):
        raise Rejected(f"record {name} was changed after it was signed", "do not trust it; use another")
    return dict(table)


def _canonical(table: dict[str, Any]) -> bytes:
    return json.dumps(table, sort_keys=True, separators=(",", ":")).encode()
