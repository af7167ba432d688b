"""What a release may do beside its stages: wait for another one, skip something, insist on its way back."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from infra.config import Part


class ReleaseRules(Part):
    """One release at a time: a second one is refused, or waits. `may_skip` names the stages that a person may waive.

    A way back that fails is tried again for `way_back_seconds`, and by whatever watches over releases after that.
    A holder on another machine counts as dead after `dead_after_seconds` of silence; it beats six times in that.
    """

    when_busy: Literal["refuse", "wait"] = "refuse"
    wait_seconds: float = Field(1800, gt=0)
    may_skip: tuple[str, ...] = ()
    way_back_seconds: float = Field(600, gt=0)
    dead_after_seconds: float = Field(30, ge=3)
