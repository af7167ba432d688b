"""Incidents as objects in the environment's object store: `incidents/<key>.json`."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, replace

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
        self._put(incident)
        return incident

    def resolve(self, key: str) -> bool:
        """What it was about is over: the next one under the same key is a new one."""
        found = self.find(key)
        if found is None or found.resolved is not None:
            return False
        self._put(replace(found, resolved=time.time()))
        return True

    def find(self, key: str) -> Incident | None:
        """The incident under `key`."""
        content = self._objects.get(_place(key))
        return Incident(**json.loads(content)) if content else None

    def list(self) -> list[Incident]:
        """All of them, newest first."""
        contents = (self._objects.get(stored.key) for stored in self._objects.list("incidents/"))
        found = [Incident(**json.loads(content)) for content in contents if content]
        return sorted(found, key=lambda incident: incident.opened, reverse=True)

    def _put(self, incident: Incident) -> None:
        self._objects.put(_place(incident.key), json.dumps(asdict(incident)).encode(), "application/json")


def _place(key: str) -> str:
    return f"incidents/{key}.json"
