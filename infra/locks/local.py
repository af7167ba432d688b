"""The lock of an environment whose releases all run on this machine: a file, changed by one process at a time.

Whether its holder lives is asked of the kernel, not of a clock: a lock is never taken from a process that is slow,
stopped or cut off, and is free for recovery the moment its process is gone.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from infra.errors import PipelineError
from infra.files import locked, write_atomically
from infra.locks import Holder, Lock, busy, is_process_alive, this_machine


class LocalLocks:
    """`folder` belongs to one environment."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "release.lock.json"
        self._mutex = folder / "release.lock.mutex"

    def read(self) -> Lock | None:
        """Who has it now. Raises PipelineError when the file is damaged: nobody may guess then."""
        lock, is_held = self._last()
        return lock if is_held else None

    def acquire(self, holder: Holder) -> Lock:
        """Take it when it is free. Raises Busy with the holder."""
        with locked(self._mutex):
            last, is_held = self._last()
            if last and is_held:
                raise busy(last, self.is_held_by_the_living(last))
            return self._write(Lock(last.generation + 1 if last else 1, holder), is_held=True)

    def take_over(self, seen: Lock, holder: Holder) -> Lock:
        """Take it from the dead. Raises Busy when `seen` lives or is not the last one any more."""
        with locked(self._mutex):
            last, is_held = self._last()
            if last is None or not is_held or last.generation != seen.generation:
                raise busy(last or seen, last is not None and self.is_held_by_the_living(last))
            if self.is_held_by_the_living(last):
                raise busy(last, True)
            return self._write(Lock(last.generation + 1, holder), is_held=True)

    def release(self, lock: Lock) -> bool:
        """Give it back, unless it changed hands meanwhile."""
        with locked(self._mutex):
            last, is_held = self._last()
            is_ours = last is not None and last.generation == lock.generation
            if is_ours and is_held:
                self._write(lock, is_held=False)
            return is_ours

    def is_held_by_the_living(self, lock: Lock) -> bool:
        """Whether that very process still runs. One behind another namespace of this kernel cannot be asked about,
        so it lives; one of another boot does not."""
        boot, _, namespace = this_machine().partition("/")
        their_boot, _, their_namespace = (lock.holder.machine or this_machine()).partition("/")
        if their_boot != boot:
            return False
        return their_namespace != namespace or is_process_alive(lock.holder)

    def _last(self) -> tuple[Lock | None, bool]:
        if not self._file.exists():
            return None, False
        try:
            table = json.loads(self._file.read_text())
            return Lock(int(table["generation"]), Holder(**table["holder"])), bool(table["is_held"])
        except (ValueError, KeyError, TypeError) as error:
            raise PipelineError(
                f"the lock {self._file} is damaged: {error}", "see `pipeline status`; remove the file if nothing runs"
            ) from error

    def _write(self, lock: Lock, *, is_held: bool) -> Lock:
        write_atomically(self._file, json.dumps({**asdict(lock), "is_held": is_held}, indent=1))
        return lock
