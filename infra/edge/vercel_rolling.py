"""Vercel's rolling releases, stepped by hand: each stage begins when we say so, never by the vendor's clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.errors import Rejected
from infra.hosting import vercel_calls as calls
from infra.hosting.vercel_project import VercelProject
from infra.hosting.vercel_records import Billing, Rolling, RollingAnswer, RollingConfig, RollingConfigAnswer
from infra.http import Call
from infra.http.read_back import settle

# Vercel takes 2 to 10 stages, ascending, the last one 100.
MOST_STAGES = 10
AVAILABLE = ("available_slots", "unlimited_slots")
WITHOUT = (
    "set canary.weights = [100] in the environment file: the candidate is promoted once it did well at its own "
    "address, judged for one step, and watched; or take a plan that has rolling releases"
)


class RollingReleases:
    """Those of one project. `weights` are the ramp's, in percent, up to 100."""

    def __init__(self, project: VercelProject, weights: Sequence[int]) -> None:
        self._project = project
        self._weights = tuple(weights)

    @property
    def is_wanted(self) -> bool:
        """Whether the ramp has weights that only a rolling release can give."""
        return any(weight < 100 for weight in self._weights)

    def active(self) -> Rolling | None:
        """The one that is under way."""
        found = self._project.ask(calls.GET_ROLLING).read(RollingAnswer).rolling
        return found if found and found.is_active else None

    def check_plan(self) -> None:
        """Raises Rejected, with what to do instead, when the plan or the ramp does not allow one."""
        if not self.is_wanted:
            return
        if len(self._weights) > MOST_STAGES:
            raise Rejected(f"Vercel takes {MOST_STAGES} stages, the ramp has {len(self._weights)}", "use fewer weights")
        # A project that has them on already holds its slot.
        if self._config() is not None:
            return
        billing = self._project.ask(calls.ROLLING_BILLING).read(Billing)
        if billing.reason not in AVAILABLE:
            raise Rejected(
                f"Vercel gives this project no rolling releases: {billing.reason} {billing.message}", WITHOUT
            )

    def step_to(self, canary: str, weight: int) -> None:
        """`weight` percent to `canary`, by as many stages as it takes. Raises Rejected, Unknown."""
        found = self.active()
        if found and found.canary.id != canary:
            raise Rejected(
                f"a rolling release of {found.canary.id} is under way at Vercel, which is not the candidate {canary}",
                "end it: vercel rolling-release complete, or roll back",
            )
        if found is None:
            found = self._start(canary)
        for stage in found.stages[_index_of(found) + 1 :]:
            if stage.weight > weight:
                break
            self._approve(canary, stage.index)
        self._check_weight(canary, weight)

    def complete(self, canary: str) -> None:
        """Everyone to `canary`."""
        settle(
            lambda: self._act(calls.COMPLETE_ROLLING, {"canaryDeploymentId": canary}),
            lambda: self.active() is None,
            pause_seconds=self._project.settings.poll_seconds,
        )

    def _start(self, canary: str) -> Rolling:
        self._configure()
        settle(
            lambda: self._act(calls.START_ROLLING, {"canaryDeploymentId": canary}),
            lambda: self.active() is not None,
            pause_seconds=self._project.settings.poll_seconds,
        )
        return self._mine(canary)

    def _act(self, call: Call, body: dict[str, Any]) -> None:
        self._project.ask(call, body=body).read(RollingAnswer)

    def _approve(self, canary: str, index: int) -> None:
        def is_there() -> bool:
            found = self.active()
            return found is not None and found.canary.id == canary and _index_of(found) >= index

        body = {"nextStageIndex": index, "canaryDeploymentId": canary}
        pause = self._project.settings.poll_seconds
        settle(lambda: self._act(calls.APPROVE_STAGE, body), is_there, pause_seconds=pause)

    def _configure(self) -> None:
        """Our stages, before it starts: a change does not alter one that is under way."""
        if self._is_configured():
            return
        wanted = configuration(self._weights)
        settle(
            lambda: self._project.ask(calls.SET_ROLLING_CONFIG, body=wanted).read(RollingConfigAnswer),
            self._is_configured,
            pause_seconds=self._project.settings.poll_seconds,
        )

    def _is_configured(self) -> bool:
        config = self._config()
        now = [(stage.weight, stage.needs_approval) for stage in config.stages or []] if config else None
        return now == [(weight, weight < 100) for weight in self._weights]

    def _config(self) -> RollingConfig | None:
        return self._project.ask(calls.GET_ROLLING_CONFIG).read(RollingConfigAnswer).config

    def _mine(self, canary: str) -> Rolling:
        found = self.active()
        if found is None or found.canary.id != canary:
            raise Rejected(
                f"Vercel took the start of a rolling release of {canary} and shows none",
                "look at the project's rolling releases",
            )
        return found

    def _check_weight(self, canary: str, weight: int) -> None:
        found = self._mine(canary)
        now = found.active.weight if found.active else 0
        if now != weight:
            stages = ", ".join(f"{stage.weight:g}" for stage in found.stages)
            raise Rejected(
                f"{canary} has {now:g} % of the visitors at Vercel, not {weight} %: its stages are {stages}, and a "
                "rolling release goes up only",
                "give one of these weights, or 0 to end it and begin anew",
            )


def configuration(weights: Sequence[int]) -> dict[str, Any]:
    """What Vercel's own command line sends to switch rolling releases on."""
    stages = [{"targetPercentage": weight} for weight in weights]
    return {"enabled": True, "advancementType": "manual-approval", "stages": stages}


def _index_of(found: Rolling) -> int:
    return found.active.index if found.active else 0
