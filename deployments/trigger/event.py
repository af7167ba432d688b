"""What happened at GitHub, as the runner's variables and the event file tell it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import BadInput

LARGEST_FILE_BYTES = 30_000_000  # GitHub's own limit for a payload is 25 MB


@dataclass(frozen=True)
class Event:
    """`repository` is owner/name, `url` what git clones, `key` names this run of this workflow and no other.

    `payload` comes from outside: nothing in it is trusted before it was looked at.
    """

    name: str
    payload: Mapping[str, Any]
    repository: str
    url: str
    ref: str
    sha: str
    actor: str
    key: str

    def text(self, *path: str) -> str:
        """The string at that place of the payload; empty where there is none."""
        found: Any = self.payload
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        return found if isinstance(found, str) else ""

    def table(self, *path: str) -> Mapping[str, Any]:
        """The table at that place; empty where there is none."""
        found: Any = self.payload
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}


def read_event(variables: Mapping[str, str]) -> Event:
    """The event of this job. Raises BadInput for a variable or a file that cannot be."""
    name = _needed(variables, "GITHUB_EVENT_NAME")
    payload = _payload(Path(_needed(variables, "GITHUB_EVENT_PATH")))
    repository = _needed(variables, "GITHUB_REPOSITORY")
    server = variables.get("GITHUB_SERVER_URL", "") or "https://github.com"
    run = f"{variables.get('GITHUB_RUN_ID', '')}/{variables.get('GITHUB_RUN_ATTEMPT', '')}".strip("/")
    return Event(
        name,
        payload,
        repository,
        variables.get("PIPELINE_REPOSITORY", "") or f"{server}/{repository}.git",
        variables.get("GITHUB_REF", ""),
        variables.get("GITHUB_SHA", ""),
        variables.get("GITHUB_ACTOR", "") or "nobody named",
        f"github/{repository}/{run}" if run else "",
    )


def _needed(variables: Mapping[str, str], name: str) -> str:
    value = variables.get(name, "")
    if not value:
        raise BadInput(name, "is not set", "GitHub sets it; elsewhere give --flow and --env instead of an event")
    return value


def _payload(file: Path) -> Mapping[str, Any]:
    try:
        if file.stat().st_size > LARGEST_FILE_BYTES:
            raise BadInput("GITHUB_EVENT_PATH", f"{file} is larger than any event", "give GitHub's own file")
        found = json.loads(file.read_text())
    except OSError as error:
        raise BadInput("GITHUB_EVENT_PATH", f"{file} cannot be read: {error.strerror}", "give its path") from error
    except (ValueError, RecursionError) as error:
        raise BadInput("GITHUB_EVENT_PATH", f"{file} is not JSON: {error}", "give GitHub's own file") from error
    if not isinstance(found, dict):
        raise BadInput("GITHUB_EVENT_PATH", f"{file} holds no table", "give GitHub's own file")
    return found
