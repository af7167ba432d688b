"""Incidents as objects in the environment's object store: `incidents/<key>.json`."""

from __future__ import annotations

import json
import re
from dataclasses import asdict

from infra.errors import BadInput
from infra.incidents import Incident
from infra.objects import Objects

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")


class StoredIncidents:
    """Keeps incidents where backups are kept, apart from the app's own database."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def open(self, incident: Incident) -> Incident:
        """Write it down; an open one under the same key is returned as it is."""
        if not _KEY.fullmatch(incident.key):
            raise BadInput(
                "incident.key", f"{incident.key!r} cannot be an object's name", "letters, digits, dots, dashes"
            )
        already = self.find(incident.key)
        if already and already.resolved is None:
            return already
        self._objects.put(_place(incident.key), json.dumps(asdict(incident)).encode(), "application/json")
        return incident

    def find(self, key: str) -> Incident | None:
        """The incident under `key`."""
        content = self._objects.get(_place(key))
        return Incident(**json.loads(content)) if content else None

    def list(self) -> list[Incident]:
        """All of them, newest first."""
        contents = (self._objects.get(stored.key) for stored in self._objects.list("incidents/"))
        found = [Incident(**json.loads(content)) for content in contents if content]
        return sorted(found, key=lambda incident: incident.opened, reverse=True)


def _place(key: str) -> str:
    return f"incidents/{key}.json"
