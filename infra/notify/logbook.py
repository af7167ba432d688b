"""A channel that needs no account: one JSON line for each message, in a file."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from pathlib import Path

from infra.files import make_folder
from infra.notify import Message
from infra.redaction import redact


class Logbook:
    """Appends to `path`; a line is written whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, message: Message) -> None:
        """Append the message with the time. Raises BadInput when the folder cannot be written."""
        make_folder(self._path.parent)
        line = redact(json.dumps({"time": time.time(), **asdict(message)})) + "\n"
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def sent(self) -> list[Message]:
        """What was sent so far, oldest first."""
        if not self._path.exists():
            return []
        rows = (json.loads(line) for line in self._path.read_text().splitlines())
        return [Message(row["title"], row["body"], row["level"], row["link"]) for row in rows]
