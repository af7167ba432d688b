"""What the guard says: every line in its log, and what people must hear in the environment's notifications too."""

from __future__ import annotations

import time

from infra.environment import Environment
from infra.notify import Level, Message
from infra.notify.logbook import Logbook
from infra.redaction import redact

SELDOM_SECONDS = 60.0


class Voice:
    """Lines go to standard output, which is the guard's log. Many threads may speak."""

    def __init__(self, environment: Environment) -> None:
        self._logbook = Logbook(environment.state / "notifications.jsonl")
        self._said: dict[str, float] = {}

    def say(self, line: str) -> None:
        """One line of the log, with the time in UTC."""
        print(f"{time.strftime('%H:%M:%S', time.gmtime())} {redact(line)}", flush=True)

    def say_seldom(self, line: str) -> None:
        """The same for what may be true for long: at most once a minute."""
        now = time.monotonic()
        self._said = {said: when for said, when in self._said.items() if now - when < SELDOM_SECONDS}
        if line not in self._said:
            self._said = {**self._said, line: now}
            self.say(line)

    def tell(self, title: str, body: str = "", level: Level = "warning") -> None:
        """Log and notification."""
        self.say(f"{title}: {body}" if body else title)
        self._logbook.send(Message(f"guard: {title}", body, level))
