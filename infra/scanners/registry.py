"""The scanners that every version goes through before it is released."""

from __future__ import annotations

from infra.scanners import Scanner
from infra.scanners.dependencies import Dependencies
from infra.scanners.sast import Sast
from infra.scanners.secrets import Secrets


def scanners(max_advisory_age_days: int) -> tuple[Scanner, ...]:
    """Secrets, sast, dependencies. Advisories older than `max_advisory_age_days` are refused."""
    return Secrets(), Sast(), Dependencies(max_advisory_age_days)
