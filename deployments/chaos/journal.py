"""How far a release is, read from the files of the object store: it costs nothing, and works when the store is dead."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deployments.chaos.app import APP
from deployments.chaos.plan import BOUNDARIES, FIRST_OF_RAMP, WAY_BACK, Moment
from deployments.chaos.targets import flow_runs
from infra.environment import Environment
from infra.local.object_store import BUCKET

_LOOK_EVERY_SECONDS = 0.005
_LOOK_FOR_PROCESS_EVERY_SECONDS = 0.1
_ORDER = {name: place for place, name in enumerate(BOUNDARIES)}
# The checks run at once, and each notes itself over the others.
_CHECKS = ("integration tests", "coverage", "scan", "lint migrations")


class Journal:
    """What one release wrote down of itself."""

    def __init__(self, environment: Environment, release: str, flow_run: str) -> None:
        self._folder = environment.state / "objects" / BUCKET / "releases" / APP / release
        self._flow_run = flow_run
        self._seen: list[tuple[str, float]] = []
        self._looked = 0.0
        self._began = False

    def record(self) -> dict[str, Any]:
        """The release's record; empty as long as it has none."""
        return _read(self._folder / "record.json")

    @property
    def standing(self) -> str:
        """How it stands; empty as long as it has no record."""
        return str(self.record().get("standing", ""))

    def stage(self) -> str:
        """What it does now, and since when, in the words of its file."""
        return str(_read(self._folder / "stage.json"))

    def place(self) -> str:
        """The boundary that it crossed last; empty before the first."""
        self._look()
        names = [name for name, _ in self._seen]
        if any(name.startswith(WAY_BACK) for name in names):
            return WAY_BACK
        if "canary" in names and (late := [name for name in names if _ORDER.get(name, 0) > FIRST_OF_RAMP]):
            return max(late, key=lambda name: _ORDER[name])
        if "canary" in names:
            return BOUNDARIES[FIRST_OF_RAMP + min(names.count("canary"), 2) - 1]
        known = [name for name in names if name in _ORDER]
        return max(known, key=lambda name: _ORDER[name], default=BOUNDARIES[0] if self._runs() else "")

    def wait_for(self, moment: Moment, is_over: Callable[[], bool], deadline: float) -> bool:
        """Until it is there. False when the release ended before, or `deadline` (monotonic) passed."""
        looked = time.monotonic()
        while not self._is_past(moment.boundary):
            if time.monotonic() > deadline:
                return False
            if time.monotonic() - looked > 1.0:
                looked = time.monotonic()
                if is_over():
                    return self._is_past(moment.boundary)
            time.sleep(_LOOK_EVERY_SECONDS)
        time.sleep(moment.seconds)
        return True

    def _is_past(self, boundary: str) -> bool:
        place = self.place()
        if WAY_BACK in (boundary, place):
            return place == WAY_BACK
        return bool(place) and _ORDER[place] >= _ORDER[boundary]

    def _look(self) -> None:
        found = _read(self._folder / "stage.json")
        if found:
            name = str(found["stage"])
            stage = BOUNDARIES[1] if name in _CHECKS else name, float(found["since"])
            if stage not in self._seen[-1:]:
                self._seen.append(stage)

    def _runs(self) -> bool:
        """Whether its process has begun. Before it has written anything, only the process table tells."""
        if not self._began and time.monotonic() - self._looked > _LOOK_FOR_PROCESS_EVERY_SECONDS:
            self._looked = time.monotonic()
            self._began = any(run == self._flow_run for _, run in flow_runs())
        return self._began


def _read(file: Path) -> dict[str, Any]:
    """Empty for a file that is not there, or is being written."""
    try:
        found = json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
