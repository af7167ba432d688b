"""What visitors of a Vercel twin see: a real address for each deployment, and one for the production domain."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from deployments.twins.server import LOOPBACK, end, serve
from deployments.twins.wire import Reply, Request

BYPASS_HEADER = "x-vercel-protection-bypass"
PROTECTED = Reply(401, content=b"Authentication Required", content_type="text/html")
NOTHING_HERE = Reply(404, content=b"DEPLOYMENT_NOT_FOUND", content_type="text/plain")


@dataclass(frozen=True)
class Behaviour:
    """How a version answers: the share of requests that fail with 500, and how long each takes. What is wrong with it
    may show `in_ramp_only`, while it has a share of the visitors."""

    error_share: float = 0.0
    latency_seconds: float = 0.0
    in_ramp_only: bool = False


@dataclass
class Site:
    """One address. `answer` makes the reply for each visitor, for as long as it is open."""

    answer: Callable[[Request], Reply]
    port: int = 0
    asked: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._server = serve(self.port, self._reply)
        self.host = f"{LOOPBACK}:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"

    def close(self) -> None:
        """Nobody answers there any more."""
        end(self._server)

    def _reply(self, request: Request) -> Reply:
        reply = self.answer(request)
        with self._lock:
            self.asked[reply.status] += 1
        return reply


def behave(label: str, how: Behaviour) -> Reply:
    """One answer of a version; its name is the body and a header."""
    time.sleep(how.latency_seconds)
    failed = random.random() < how.error_share
    status = 500 if failed else 200
    return Reply(status, content=f"{label}\n".encode(), content_type="text/plain", headers={"X-App-Version": label})
