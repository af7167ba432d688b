"""Builds at Vercel: the files go there, the log comes here, and the end is waited for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.commands import Say
from infra.errors import PipelineError, Rejected, Unknown
from infra.hosting import vercel_calls as calls
from infra.hosting.vercel_project import VercelProject
from infra.hosting.vercel_records import ENDED, Copy, Event
from infra.hosting.vercel_source import Piece
from infra.http import Refused
from infra.http.read_back import settle
from infra.redaction import redact

UPLOADS_AT_ONCE = 8
LAST_LINES = 20


class Builds:
    """Creates and follows the project's deployments."""

    def __init__(self, project: VercelProject) -> None:
        self._project = project
        self._pause = project.settings.poll_seconds

    def create(self, name: str, body: Mapping[str, Any], pieces: list[Piece], say: Say) -> Copy:
        """The deployment called `name` in its meta; nothing is built twice because an answer was lost.

        Vercel answers which files it does not have yet: only these go there. Raises Refused, Unknown, Unreachable.
        """
        whole = {**body, "files": [piece.listed() for piece in pieces]}

        def act() -> None:
            try:
                self._create(whole)
            except Refused as no:
                if no.code != "missing_files":
                    raise
                self._upload(pieces, no.details.get("missing", []), say)
                self._create(whole)

        self._project.forget(name)
        settle(act, lambda: self._exists(name), pause_seconds=self._pause)
        found = self._project.find(name)
        if found is None:
            raise Unknown(f"Vercel took deployment {name} and does not list it", "look at the project's dashboard")
        say(f"{name} is {found.id} at {self._project.address(found)}")
        return found

    def wait(self, copy: Copy, timeout_seconds: float, say: Say) -> Copy:
        """The built deployment, its log said line by line.

        Raises Rejected with the log's last lines when the build fails, Unknown when it does not end in time; it is
        cancelled then.
        """
        log = _Log(self._project, copy.id, say)
        deadline = time.monotonic() + timeout_seconds
        while True:
            found = self._project.copy(copy.id)
            log.tell()
            if found.state in ENDED:
                return _checked(found, log)
            if time.monotonic() > deadline:
                self.cancel(copy)
                raise Unknown(
                    f"deployment {copy.id} was {found.state} after {timeout_seconds:g} s and was cancelled",
                    "raise commands.timeout_seconds in pipeline.toml, or look at the build's log at Vercel",
                )
            time.sleep(self._pause)

    def cancel(self, copy: Copy) -> None:
        """End a build; harmless when it has ended."""
        try:
            self._project.ask(calls.CANCEL_DEPLOYMENT, {"id": copy.id})
        except Refused:
            if self._project.copy(copy.id).state not in ENDED:
                raise

    def _create(self, body: Mapping[str, Any]) -> None:
        query = {"skipAutoDetectionConfirmation": "1"}
        # Read, although nothing of it is used: an answer that is not Vercel's is no yes.
        self._project.ask(calls.CREATE_DEPLOYMENT, query=query, body=dict(body)).read(Copy)

    def _exists(self, name: str) -> bool:
        self._project.forget(name)
        found = self._project.find(name)
        return found is not None and not found.has_failed

    def _upload(self, pieces: list[Piece], missing: list[str], say: Say) -> None:
        wanted = {piece.sha: piece for piece in pieces if piece.sha in missing}
        size = sum(piece.size for piece in wanted.values())
        say(f"{len(wanted)} of {len(pieces)} files are new to Vercel: {size / 1_000_000:.1f} MB")
        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            for done in [pool.submit(self._upload_one, piece) for piece in wanted.values()]:
                done.result()

    def _upload_one(self, piece: Piece) -> None:
        headers = {"x-vercel-digest": piece.sha, "Content-Type": "application/octet-stream"}
        self._project.ask(calls.UPLOAD_FILE, content=piece.path.read_bytes(), headers=headers)


class _Log:
    """One build's log, each line said once. Polled with `since`, so that a lost connection loses no line."""

    def __init__(self, project: VercelProject, identifier: str, say: Say) -> None:
        self._project, self._id, self._say = project, identifier, say
        self._since = 0.0
        self._seen: set[str] = set()
        self.last: deque[str] = deque(maxlen=LAST_LINES)

    def tell(self) -> None:
        """What is new. A log that cannot be read is said and does not end the build."""
        query = {"builds": "1", "direction": "forward", "limit": "-1", "since": f"{self._since:.0f}"}
        try:
            events = self._project.ask(calls.GET_EVENTS, {"idOrUrl": self._id}, query=query).read(list[Event | None])
        except PipelineError as error:
            self._say(f"the build's log cannot be read now: {error.message}")
            return
        for event in events or []:
            if event and event.words and event.id not in self._seen:
                self._seen.add(event.id or "")
                self._since = max(self._since, event.created)
                self.last.append(event.words)
                self._say(redact(event.words))


def _checked(copy: Copy, log: _Log) -> Copy:
    if not copy.is_ready:
        why = ": ".join(filter(None, (copy.error_code, copy.error_message))) or "Vercel gave no reason"
        last = redact("\n".join(log.last)) or "it printed nothing"
        raise Rejected(f"deployment {copy.id} ended {copy.state}: {redact(why)}", f"its log ends:\n{last}")
    if copy.checks_conclusion == "failed":
        raise Rejected(f"Vercel's checks of deployment {copy.id} failed", "look at them in the project's dashboard")
    return copy
