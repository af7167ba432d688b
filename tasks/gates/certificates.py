"""The gate on certificates: what browsers are shown is trusted now, and will be for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from infra.cdn.certificates import Certificate
from infra.errors import PipelineError
from tasks.outcomes import GateClosed

Read = Callable[[str], Certificate]


def check_certificates(domains: Sequence[str], minimum_days: float, read: Read) -> str:
    """Open when each domain's is good for `minimum_days` more. `read` raises Rejected for one that is not trusted."""
    found = [_check_one(domain, minimum_days, read) for domain in domains]
    first = min(found, key=lambda one: one.days_left)
    return f"{len(found)} certificates, the first to end is {first.domain}'s in {first.days_left:.0f} days"


def _check_one(domain: str, minimum_days: float, read: Read) -> Certificate:
    try:
        found = read(domain)
    except PipelineError as error:
        raise GateClosed(f"certificates: {error.message}", error.hint) from error
    if found.days_left < minimum_days:
        raise GateClosed(
            f"certificates: {domain}'s ends in {found.days_left:.1f} days, under {minimum_days:g}",
            f"renew it at {found.issuer}",
        )
    return found
