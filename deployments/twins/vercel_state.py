"""What a Vercel project remembers: deployments that build, who serves production, rolling releases, jobs."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Literal

from deployments.twins.server import VendorError
from deployments.twins.vercel_sites import Site

Phase = Literal["QUEUED", "BUILDING", "READY", "ERROR", "CANCELED"]
JobStatus = Literal["pending", "in-progress", "succeeded", "failed", "skipped"]
QUEUED_SECONDS = 0.02


@dataclass
class Build:
    """How the next builds go: seconds from created to the end, and whether they fail."""

    seconds: float = 0.1
    fails: bool = False


@dataclass
class Deployed:
    """One deployment. `created` is in seconds since the epoch; `target` None is a preview."""

    id: str
    name: str
    target: str | None
    meta: dict[str, str]
    takes_domains: bool
    site: Site
    build: Build
    created: float = field(default_factory=time.time)
    canceled: float | None = None
    substate: str | None = None
    env: dict[str, str] = field(default_factory=dict)

    @property
    def phase(self) -> Phase:
        """Where its build is now."""
        age = time.time() - self.created
        if self.canceled is not None:
            return "CANCELED"
        if age < self.build.seconds:
            return "QUEUED" if age < QUEUED_SECONDS else "BUILDING"
        return "ERROR" if self.build.fails else "READY"

    @property
    def ready_substate(self) -> str | None:
        """Whether it has seen production's visitors: STAGED, ROLLING or PROMOTED; None before it is ready."""
        return (self.substate or "STAGED") if self.phase == "READY" and self.target else None


@dataclass
class Rolling:
    """One rolling release. `stages` are target percentages; `active` is the index of the one that is on."""

    base: str
    canary: str
    stages: tuple[int, ...]
    automatic: bool
    state: Literal["ACTIVE", "COMPLETE", "ABORTED"] = "ACTIVE"
    active: int = 0
    queued: str | None = None
    started: float = field(default_factory=time.time)

    @property
    def weight(self) -> int:
        """Percent of production's visitors that the canary gets."""
        return self.stages[self.active]


@dataclass
class Job:
    """A promotion or a rollback under way."""

    type: Literal["promote", "rollback"]
    before: str
    after: str
    ends: float
    fails: bool
    requested: float = field(default_factory=time.time)
    is_done: bool = False

    @property
    def status(self) -> JobStatus:
        """How far it is."""
        if not self.is_done:
            return "in-progress"
        return "failed" if self.fails else "succeeded"


class Production:
    """Who serves the production domain. Call `settle` before reading: what takes time ends by then.

    `plan` is pro, enterprise or hobby; `jobs_fail` lets promotions and rollbacks end badly.
    """

    def __init__(self) -> None:
        self.deployments: dict[str, Deployed] = {}
        self.current: str | None = None
        self.rolling: Rolling | None = None
        self.config: dict[str, object] | None = None
        self.job: Job | None = None
        self.assigns_domains = True
        self.plan = "pro"
        self.slots: int | None = None
        self.job_seconds = 0.05
        self.jobs_fail = False
        self._numbers = itertools.count(1)

    def new_id(self, kind: str) -> str:
        """An id in the vendor's form."""
        return f"{kind}_{next(self._numbers):024d}"

    def find(self, id_or_host: str) -> Deployed:
        """By id or by its own address. Raises VendorError."""
        for one in self.deployments.values():
            if id_or_host in (one.id, one.site.host):
                return one
        raise VendorError(404, "not_found", "Deployment not found")

    def settle(self) -> None:
        """Everything whose time has come happens: domains of ready deployments, jobs."""
        for one in self.deployments.values():
            if one.phase == "READY" and one.takes_domains and one.target == "production" and self.assigns_domains:
                one.takes_domains = False
                self._release(one.id)
        job = self.job
        if job and not job.is_done and time.time() >= job.ends:
            job.is_done = True
            if not job.fails:
                self._serve(job.after)

    @property
    def active(self) -> Rolling | None:
        """The rolling release that is under way."""
        return self.rolling if self.rolling and self.rolling.state == "ACTIVE" else None

    def serving(self, lot: float) -> str | None:
        """Who answers a visitor who drew `lot` of 100."""
        self.settle()
        return self.active.canary if self.active and lot < self.active.weight else self.current

    def promote(self, deployment: str) -> int:
        """The HTTP status: 201 begun, 202 queued behind a rolling release. Raises VendorError."""
        self._promotable(deployment)
        if self.current == deployment and not self.active:
            raise VendorError(409, "conflict", "This deployment is already the current production deployment")
        self.assigns_domains = True
        if self.active:
            self.active.queued = deployment
            return 202
        self._release(deployment)
        return 201

    def roll_back(self, deployment: str) -> None:
        """Instant rollback; ends a rolling release. Raises VendorError."""
        chosen = self._promotable(deployment)
        if chosen.substate != "PROMOTED":
            raise VendorError(422, "unprocessable", "This deployment has never served production")
        if self.active:
            self.deployments[self.active.canary].substate = None
            self.active.state = "ABORTED"
        elif self.current == deployment:
            raise VendorError(409, "conflict", "This deployment is already the current production deployment")
        self.assigns_domains = False
        self._begin("rollback", deployment)

    def start(self, canary: str) -> Rolling:
        """A rolling release; the same canary may be started again. Raises VendorError."""
        if self.active:
            if self.active.canary != canary:
                raise VendorError(409, "conflict", "Another rolling release is active")
            return self.active
        self._promotable(canary)
        if self.config is None or self.current is None:
            raise VendorError(422, "unprocessable", "Rolling releases are not enabled for this project")
        return self._roll(canary)

    def approve(self, index: int, canary: str) -> Rolling:
        """On to the next stage; the last one completes. Raises VendorError."""
        rolling = self._rolling_of(canary)
        if index != rolling.active + 1 or index >= len(rolling.stages):
            raise VendorError(400, "bad_request", f"The next stage is {rolling.active + 1}, not {index}")
        rolling.active = index
        return self.complete(canary) if index == len(rolling.stages) - 1 else rolling

    def complete(self, canary: str) -> Rolling:
        """Everyone to the canary. Raises VendorError."""
        rolling = self._rolling_of(canary)
        rolling.state, rolling.active = "COMPLETE", len(rolling.stages) - 1
        self._serve(canary)
        if rolling.queued:
            self._release(rolling.queued)
        return rolling

    def _rolling_of(self, canary: str) -> Rolling:
        if not self.active or self.active.canary != canary:
            raise VendorError(404, "not_found", "There is no active rolling release of this deployment")
        return self.active

    def _promotable(self, deployment: str) -> Deployed:
        found = self.find(deployment)
        if found.phase != "READY" or found.target != "production":
            raise VendorError(400, "bad_request", "Only a production deployment that is ready can be promoted")
        return found

    def _release(self, deployment: str) -> None:
        """The next production deployment: by a rolling release where one is configured and has a base."""
        if self.config is not None and self.current and self.current != deployment:
            self._roll(deployment)
        else:
            self._begin("promote", deployment)

    def _roll(self, canary: str) -> Rolling:
        assert self.config is not None
        assert self.current is not None
        stages = self.config["stages"]
        assert isinstance(stages, list)
        percentages = tuple(int(stage["targetPercentage"]) for stage in stages)
        self.rolling = Rolling(self.current, canary, percentages, self.config["advancementType"] == "automatic")
        self.find(canary).substate = "ROLLING"
        return self.rolling

    def _begin(self, kind: Literal["promote", "rollback"], deployment: str) -> None:
        self.job = Job(kind, self.current or deployment, deployment, time.time() + self.job_seconds, self.jobs_fail)

    def _serve(self, deployment: str) -> None:
        self.current = deployment
        self.deployments[deployment].substate = "PROMOTED"
