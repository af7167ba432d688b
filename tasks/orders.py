"""What people ask of a release in flight (abort, hold), read in the background: a silent store never stops judging."""

from __future__ import annotations

import threading
import time

from infra.errors import Unreachable
from tasks.facts import Facts
from tasks.holds import Hold, read_hold
from tasks.outcomes import Aborted
from tasks.patience import patiently
from tasks.records import check_not_aborted
from tasks.release import Release

EVERY_SECONDS = 0.5
# Orders read longer ago than this are not known any more: nothing advances on them.
FRESH_SECONDS = 10.0


class Orders:
    """`with Orders(release, facts) as orders:` reads until the block ends. The first reading is done before it begins.

    Raises Aborted or Unreachable from that first reading.
    """

    def __init__(self, release: Release, facts: Facts) -> None:
        self._release = release
        self._facts = facts
        self._over = threading.Event()
        self._aborted: Aborted | None = None
        self._broken: Exception | None = None
        patiently(self._read)
        self._thread = threading.Thread(target=self._keep_reading, name="orders", daemon=True)

    def __enter__(self) -> Orders:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(EVERY_SECONDS)  # it may hang in a silent store, and dies with the process then

    @property
    def hold(self) -> Hold | None:
        """The newest hold, also one that ended."""
        return self._hold

    @property
    def are_known(self) -> bool:
        """Whether they were read a moment ago, so that no hold is overlooked."""
        return time.monotonic() - self._when < FRESH_SECONDS

    def check(self) -> None:
        """Raises Aborted when somebody asked for it, and what made reading impossible if it was no mere silence."""
        if self._aborted:
            raise self._aborted
        if self._broken:
            raise self._broken

    def _keep_reading(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            try:
                self._read()
            except Aborted as aborted:
                self._aborted = aborted
                return
            except Unreachable as silence:
                self._facts.note("store silent", f"holds and aborts could not be looked at: {silence.message}")
            except Exception as error:  # noqa: BLE001 - raised again by check(), where somebody hears it
                self._broken = error
                return

    def _read(self) -> None:
        check_not_aborted(self._release)
        asked = time.monotonic()
        self._hold: Hold | None = read_hold(self._release.platform.objects, self._release.app, self._release.id)
        self._when = asked
