"""Questions the pipeline asks of deployments at their own addresses: health always, probes while visitors are few.

In the background, so that a deployment that hangs never keeps anybody from looking at the visitors.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from infra.environment import Canary
from infra.manifest import Manifest
from tasks.analysis import Counts
from tasks.health import NO_HEADERS

NONE = Counts(0, 0, 0)
# To each deployment, in a second and at the same time.
PROBES_A_SECOND = 10
AT_ONCE = 4


@dataclass(frozen=True)
class Probed:
    """What the probes of [start, start + seconds) were answered. Seconds since the epoch."""

    start: float
    seconds: float
    canary: Counts
    live: Counts


class _Asker:
    """Asks one deployment, a few paths at a time, and counts the answers until they are taken."""

    def __init__(self, url: str, slow_ms: float, headers: Mapping[str, str]) -> None:
        self._url = url
        self._slow_ms = slow_ms
        # An answer that takes longer than this is slow and failed; waiting on would teach nothing more.
        self._client = httpx.Client(timeout=1.5 * slow_ms / 1000, headers=dict(headers))
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="probe")
        self._lock = threading.Lock()
        self._waiting = 0
        self._answered = NONE

    def ask(self, paths: Sequence[str]) -> None:
        """Ask these soon; fewer of them while earlier ones are unanswered."""
        with self._lock:
            paths = paths[self._waiting :]
            self._waiting += len(paths)
        for path in paths:
            self._pool.submit(self._ask_one, path)

    def take(self) -> Counts:
        """The answers since the last call."""
        with self._lock:
            taken, self._answered = self._answered, NONE
        return taken

    def close(self) -> None:
        """Forget what is not asked yet; what is under way ends within its time limit."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._client.close()

    def _ask_one(self, path: str) -> None:
        started = time.monotonic()
        try:
            failed = self._client.get(self._url + path).status_code >= 500
        except httpx.TransportError:
            failed = True
        slow = (time.monotonic() - started) * 1000 > self._slow_ms
        with self._lock:
            self._waiting -= 1
            self._answered += Counts(1, int(failed), int(slow))


class Probes:
    """Asks the candidate and the live deployment the same paths, equally often."""

    def __init__(
        self,
        candidate: str,
        live: str | None,
        paths: Sequence[str],
        policy: Canary,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        self._paths = tuple(paths)
        self._canary = _Asker(candidate, policy.slow_ms, headers)
        self._live = _Asker(live, policy.slow_ms, headers) if live else None
        self._since = time.time()

    def ask(self, share: float) -> None:
        """Called once a second: ask `share` (0 to 1) of the most that may be asked, at least one."""
        # By lot: an app that fails every other request must not fall into step with us.
        paths = random.choices(self._paths, k=max(1, round(PROBES_A_SECOND * share)))
        for asker in self._askers:
            asker.ask(paths)

    def take(self) -> Probed | None:
        """What was answered since the last call; None when nothing was."""
        canary, live = self._canary.take(), self._live.take() if self._live else NONE
        start, now = self._since, time.time()
        if canary == live == NONE or now <= start:
            return None
        self._since = now
        return Probed(start, now - start, canary, live)

    def close(self) -> None:
        """End the threads."""
        for asker in self._askers:
            asker.close()

    @property
    def _askers(self) -> list[_Asker]:
        return [self._canary, *([self._live] if self._live else [])]


class Pulse:
    """Health checks of one deployment, one at a time."""

    def __init__(self, url: str, policy: Canary, headers: Mapping[str, str] = NO_HEADERS) -> None:
        self._url = url
        self._client = httpx.Client(timeout=1.5 * policy.slow_ms / 1000, headers=dict(headers))
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="health")
        self._answers: list[bool] = []
        self._is_busy = threading.Event()

    def ask(self) -> None:
        """Check it, unless the last check still waits for its answer."""
        if not self._is_busy.is_set():
            self._is_busy.set()
            self._pool.submit(self._ask)

    def take(self) -> list[bool]:
        """Whether it answered 200, for each check that ended since the last call, oldest first."""
        taken, self._answers = self._answers, []
        return taken

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._client.close()

    def _ask(self) -> None:
        try:
            healthy = self._client.get(self._url).status_code == 200
        except httpx.TransportError:
            healthy = False
        self._answers.append(healthy)
        self._is_busy.clear()


def paths_to_probe(manifest: Manifest) -> tuple[str, ...]:
    """The app's smoke paths and its health path; without smoke paths the front page stands for them."""
    return tuple(dict.fromkeys((*(manifest.smoke.paths or ("/",)), manifest.health.path)))
